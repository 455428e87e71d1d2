//! The thread that writes to the file.
//!
//! It owns the writing connection, the transaction around each piece of work, and the durability of its commit. There
//! is one thread because SQLite has one writer at a time anyway, and because an fsync must not block the runtime. This
//! module must not know tables.

use std::{
    io,
    thread::{self, JoinHandle},
};

use futures::future::BoxFuture;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::super::LedgerError;

/// Maximum number of queued pieces of work. Further calls wait for a place in the queue.
const QUEUE: usize = 256;

/// What a commit must survive.
#[derive(Debug, Clone, Copy)]
pub(super) enum Durability {
    /// The death of the process. A power cut may undo the newest of these commits, but only in reverse order.
    Process,
    /// A power cut as well: the commit and all earlier ones are on disk when the call returns.
    PowerCut,
}

/// Why a transaction was rolled back.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// The rules refused it; the store is healthy.
    Refused(E),
    /// The store failed.
    Store(rusqlite::Error),
}

impl<E> From<rusqlite::Error> for Failure<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle to the thread. Dropping it waits for the queued work and for the connection to be closed.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    /// Declared after `jobs`: fields are dropped in order, and the thread ends when the sender is gone.
    _thread: Joined,
}

#[derive(Debug)]
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join(); // a panic has already been reported by its hook
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

    /// Runs `work` in a transaction of its own, which is committed if it returns `Ok` and rolled back otherwise.
    ///
    /// # Cancel safety
    /// When dropped before the work was queued, nothing happens. When dropped later, the work is done and only the
    /// answer is lost.
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
                // the caller may have left, in which case the outcome is open to it; see `Ledger`
                let _ = answer.send(outcome);
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
    // This is set for each transaction, so that a failure in between cannot weaken the next one.
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::PowerCut => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // IMMEDIATE, because the work reads before it writes, and what it read must still hold when it writes.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
