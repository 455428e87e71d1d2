//! The near end of one pipe to one browser: commands on their way, and the table of who waits for which reply.
//!
//! The tasks that write and read the pipe are in `pipe.rs`.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use chromiumoxide::Command;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use super::{
    SessionKey,
    answer::{Answer, PassOn, Reply},
    error::{CdpError, MethodName, brief},
    message::{Call as Message, Envelope, Event, Logged},
};

/// Commands waiting to be written. When full the browser has stopped reading: our own fail at once, those that are passed on wait.
const WRITE_QUEUE: usize = 4_096;
/// KiB of commands that are passed on and not written yet; above it whoever sends them waits. One of 100 MiB fits.
const PASSED_ON_KIB: usize = 128 * 1024;

/// The near end of the pipe. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    next_id: AtomicU64,
    waiting: Mutex<Waiting>,
    outgoing: mpsc::Sender<Outgoing>,
    /// Room for what is passed on.
    room: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    /// Counts whatever arrives.
    heard: AtomicU64,
}

/// Whoever takes a browser's events, in the order of their arrival. Runs on the reading task and must not block.
pub(crate) trait Listener: Send + Sync + 'static {
    /// Whether something a page logged is left out, before the cost of reading it.
    fn refuses(&self, logged: Logged<'_>) -> bool;
    /// Learns of an event that was too large to be taken.
    fn missed(&self, missed: Missed<'_>);
    /// Takes an event.
    fn take(&self, connection: &Connection, event: Event);
}

/// An event that was too large.
#[derive(Debug, Clone)]
pub(crate) struct Missed<'a> {
    pub(crate) session: SessionKey,
    pub(crate) method: &'a str,
    pub(crate) bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    calls: HashMap<u64, Call>,
    closed: bool,
}

#[derive(Debug)]
struct Call {
    session: Option<SessionKey>,
    answer: Answer,
}

/// A command to be written, and the room it takes until it is.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) bytes: Vec<u8>,
    /// Given back once the command has been written.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// A connection without its tasks yet, and the commands that are to be written.
    pub(super) fn new() -> (Self, mpsc::Receiver<Outgoing>) {
        let (outgoing, commands) = mpsc::channel(WRITE_QUEUE);
        let shared = Shared {
            next_id: AtomicU64::new(1),
            waiting: Mutex::default(),
            outgoing,
            room: Arc::new(Semaphore::new(PASSED_ON_KIB)),
            closed: watch::Sender::new(false),
            heard: AtomicU64::new(0),
        };
        (Self { shared: Arc::new(shared) }, commands)
    }

    /// Sends a command now and returns its reply to come, so that several can be under way at once.
    pub(crate) fn send<C: Command>(&self, session: Option<&SessionKey>, command: &C) -> Pending {
        let method = command.identifier();
        let (reply, receiver) = oneshot::channel();
        let id = self.next_id();
        let pending = Pending { id, method: method.clone(), receiver, connection: self.clone() };
        let message = Message { id, method: &method, session: session.map(AsRef::as_ref), params: command };
        let bytes = match message.bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                let _ = reply.send(Err(CdpError::Decode { method, message: error.to_string() })); // receiver is ours
                return pending;
            }
        };
        if self.expect(id, Call { session: session.cloned(), answer: Answer::Awaited { method, reply } })
            && let Err(refused) = self.shared.outgoing.try_send(Outgoing { bytes, room: None })
        {
            let error = match refused {
                mpsc::error::TrySendError::Full(_) => CdpError::Congested,
                mpsc::error::TrySendError::Closed(_) => CdpError::BrowserGone,
            };
            self.fail(id, error);
        }
        pending
    }

    /// Passes a command of someone else on, written with the id it is given, once there is room for it.
    ///
    /// # Errors
    /// [`CdpError::BrowserGone`]; otherwise it is on its way.
    ///
    /// # Cancel safety
    /// Dropped while it waits, nothing is sent.
    pub(crate) async fn pass_on(
        &self,
        session: &SessionKey,
        write: impl FnOnce(u64) -> serde_json::Result<Vec<u8>>,
        answer: PassOn,
    ) -> Result<(), CdpError> {
        let id = self.next_id();
        let decode = |error: serde_json::Error| CdpError::Decode { method: "".into(), message: error.to_string() };
        let mut bytes = write(id).map_err(decode)?;
        bytes.push(0);
        let kib = u32::try_from(bytes.len().div_ceil(1024).min(PASSED_ON_KIB)).unwrap_or(u32::MAX);
        let sent = async {
            let room = Arc::clone(&self.shared.room).acquire_many_owned(kib).await.ok()?;
            let place = self.shared.outgoing.reserve().await.ok()?;
            let expected = self.expect(id, Call { session: Some(session.clone()), answer: Answer::PassedOn(answer) });
            expected.then(|| place.send(Outgoing { bytes, room: Some(room) }))
        };
        tokio::select! {
            sent = sent => sent.ok_or(CdpError::BrowserGone),
            () = self.closed() => Err(CdpError::BrowserGone),
        }
    }

    fn next_id(&self) -> u64 {
        self.shared.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes who gets the reply; false when there will be none, because the pipe is closed.
    fn expect(&self, id: u64, call: Call) -> bool {
        let mut waiting = self.shared.waiting.lock();
        if waiting.closed {
            call.answer.fail(CdpError::BrowserGone);
            return false;
        }
        waiting.calls.insert(id, call);
        true
    }

    /// Changes whenever the browser says anything.
    pub(crate) fn heard(&self) -> u64 {
        self.shared.heard.load(Ordering::Relaxed)
    }

    /// Completes once the pipe is closed.
    pub(crate) async fn closed(&self) {
        let mut closed = self.shared.closed.subscribe();
        let _ = closed.wait_for(|closed| *closed).await; // the sender lives as long as self
    }

    /// Closes the pipe from our side: Chromium exits when it notices. Everyone waiting is told at once.
    pub(crate) fn close(&self) {
        let calls = {
            let mut waiting = self.shared.waiting.lock();
            waiting.closed = true;
            std::mem::take(&mut waiting.calls)
        };
        for call in calls.into_values() {
            call.answer.fail(CdpError::BrowserGone);
        }
        self.shared.closed.send_replace(true);
    }

    /// Tells everyone who waits for this page that it is gone: after a crash the browser never answers them.
    pub(crate) fn page_gone(&self, session: &SessionKey) {
        let gone: Vec<Call> = {
            let mut waiting = self.shared.waiting.lock();
            waiting.calls.extract_if(|_, call| call.session.as_ref() == Some(session)).map(|(_, call)| call).collect()
        };
        for call in gone {
            call.answer.fail(CdpError::PageGone);
        }
    }

    fn fail(&self, id: u64, error: CdpError) {
        if let Some(call) = self.shared.waiting.lock().calls.remove(&id) {
            call.answer.fail(error);
        }
    }

    pub(super) fn complete(&self, id: u64, envelope: &Envelope<'_>) {
        if let Some(answer) = self.answer(id) {
            answer.give(envelope);
        }
    }

    /// What becomes of the reply to this command; `None` where its caller has left.
    pub(super) fn answer(&self, id: u64) -> Option<Answer> {
        self.shared.waiting.lock().calls.remove(&id).map(|call| call.answer)
    }

    /// Something has arrived.
    pub(super) fn hear(&self) {
        self.shared.heard.fetch_add(1, Ordering::Relaxed);
    }
}

/// A reply to come. Dropping it forgets the call; the browser may still carry it out.
#[derive(Debug)]
pub(crate) struct Pending {
    id: u64,
    method: MethodName,
    receiver: oneshot::Receiver<Reply>,
    connection: Connection,
}

impl Pending {
    /// The reply, decoded; only the fields of `T` need to be there.
    pub(crate) async fn decode<T: DeserializeOwned>(self) -> Result<T, CdpError> {
        let method = self.method.clone();
        let raw = self.await?;
        serde_json::from_str(raw.get()).map_err(|error| CdpError::Decode { method, message: brief(&error) })
    }
}

impl Future for Pending {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        Pin::new(&mut self.receiver).poll(context).map(|reply| reply.unwrap_or(Err(CdpError::BrowserGone)))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.connection.shared.waiting.lock().calls.remove(&self.id);
    }
}
