//! The one thread that writes.
//!
//! Owns the writing connection, the transaction around each piece of work, and how durable its commit is. One thread,
//! because SQLite has one writer at a time anyway and an fsync must not block the runtime. Knows no tables.

use std::{
    io,
    thread::{self, JoinHandle},
};

use futures::future::BoxFuture;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::super::LedgerError;

/// Work that may wait for the writer; when as much waits, a call waits for its place.
const QUEUE: usize = 256;

/// What a commit survives.
#[derive(Debug, Clone, Copy)]
pub(super) enum Durability {
    /// The death of the process. A power cut may take back the newest of these commits, never one from their middle.
    Process,
    /// A power cut, too: on disk when the call returns, with everything committed before.
    PowerCut,
}

/// Why a transaction was rolled back.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// By the rules; nothing is wrong with the store.
    Refused(E),
    /// By the store.
    Store(rusqlite::Error),
}

impl<E> From<rusqlite::Error> for Failure<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the thread; dropping it waits for what is queued, then for the connection to be closed.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    /// After `jobs`: fields are dropped in order, and the thread ends when the sender is gone.
    _thread: Joined,
}

#[derive(Debug)]
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join(); // a panic has been reported by its hook already
        }
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(mut connection: Connection) -> Result<Self, LedgerError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let work = move || {
            while let Some(job) = queue.blocking_recv() {
                job(&mut connection);
            }
        };
        let thread = thread::Builder::new().name("capture-ledger".to_owned()).spawn(work);
        let thread = thread.map_err(|error: io::Error| LedgerError::new("start its thread", error))?;
        Ok(Self { jobs, _thread: Joined(Some(thread)) })
    }

    /// Runs `work` in a transaction of its own, committed when it returns `Ok` and rolled back otherwise.
    ///
    /// # Cancel safety
    /// Dropped before it was queued, nothing happens; afterwards the work is done and only the answer is lost.
    pub(super) fn run<T, E>(
        &self,
        what: &'static str,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure<E>> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, E>>
    where
        T: Send + 'static,
        E: From<LedgerError> + Send + 'static,
    {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let job: Job = Box::new(move |connection| {
                let outcome = transact(connection, durability, work).map_err(|failure| match failure {
                    Failure::Refused(error) => error,
                    Failure::Store(error) => LedgerError::new(what, error).into(),
                });
                let _ = answer.send(outcome); // a caller that went away leaves it open, see `Ledger`
            });
            let ended = || LedgerError::new(what, "its thread has ended").into();
            self.jobs.send(job).await.map_err(|_unsent| ended())?;
            answered.await.unwrap_or_else(|_unanswered| Err(ended()))
        })
    }
}

fn transact<T, E>(
    connection: &mut Connection,
    durability: Durability,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure<E>>,
) -> Result<T, Failure<E>> {
    // Set anew for each transaction: a failure in between must not weaken the next one.
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::PowerCut => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // IMMEDIATE, because work reads before it writes: what it read must still be true when it writes.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
