//! Our end of the pipe to one browser: outgoing commands, and the table of pending replies.
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

/// Maximum number of queued commands. When it is reached, the browser has stopped reading: our own commands fail at
/// once, and forwarded ones wait.
const WRITE_QUEUE: usize = 4_096;
/// Maximum KiB of forwarded commands that were not written yet; above it the sender waits. One command of 100 MiB fits.
const PASSED_ON_KIB: usize = 128 * 1024;

/// Our end of the pipe. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    next_id: AtomicU64,
    waiting: Mutex<Waiting>,
    outgoing: mpsc::Sender<Outgoing>,
    /// Permits for forwarded commands, in KiB.
    room: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    /// Counts everything that arrives.
    heard: AtomicU64,
}

/// Receives a browser's events in the order of their arrival. It is called on the reading task and must not block.
pub(crate) trait Listener: Send + Sync + 'static {
    /// Whether to drop a console event, before the cost of parsing it.
    fn refuses(&self, logged: Logged<'_>) -> bool;
    /// Receives an event that was too large to be read.
    fn missed(&self, missed: Missed<'_>);
    /// Receives an event.
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

/// A command to be written, with the permits that it holds until then.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) bytes: Vec<u8>,
    /// Released once the command was written.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// A connection without its tasks, and the queue of commands to be written.
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

    /// Sends a command at once and returns its pending reply, so that several commands can be under way.
    pub(crate) fn send<C: Command>(&self, session: Option<&SessionKey>, command: &C) -> Pending {
        let method = command.identifier();
        let (reply, receiver) = oneshot::channel();
        let id = self.next_id();
        let pending = Pending { id, method: method.clone(), receiver, connection: self.clone() };
        let message = Message { id, method: &method, session: session.map(AsRef::as_ref), params: command };
        let bytes = match message.bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                // cannot fail: the receiver was created above
                let _ = reply.send(Err(CdpError::Decode { method, message: error.to_string() }));
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

    /// Forwards a client's command, written with the id it is given, once there is room for it.
    ///
    /// # Errors
    /// [`CdpError::BrowserGone`]; otherwise the command is on its way.
    ///
    /// # Cancel safety
    /// Cancel safe: if the future is dropped while it waits, nothing is sent.
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

    /// Registers the receiver of a reply; returns false when there will be none, because the pipe is closed.
    fn expect(&self, id: u64, call: Call) -> bool {
        let mut waiting = self.shared.waiting.lock();
        if waiting.closed {
            call.answer.fail(CdpError::BrowserGone);
            return false;
        }
        waiting.calls.insert(id, call);
        true
    }

    /// A counter that changes whenever the browser sends anything.
    pub(crate) fn heard(&self) -> u64 {
        self.shared.heard.load(Ordering::Relaxed)
    }

    /// Completes once the pipe is closed.
    pub(crate) async fn closed(&self) {
        let mut closed = self.shared.closed.subscribe();
        let _ = closed.wait_for(|closed| *closed).await; // cannot fail: the sender lives as long as self
    }

    /// Closes the pipe from our side, upon which Chromium exits. All pending replies fail at once.
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

    /// Fails all pending replies of this page, because the browser never answers them after a crash.
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

    /// The receiver of the reply to this command; `None` if its caller has left.
    pub(super) fn answer(&self, id: u64) -> Option<Answer> {
        self.shared.waiting.lock().calls.remove(&id).map(|call| call.answer)
    }

    /// Records that something has arrived.
    pub(super) fn hear(&self) {
        self.shared.heard.fetch_add(1, Ordering::Relaxed);
    }
}

/// A pending reply. Dropping it discards the reply; the browser may still carry out the command.
#[derive(Debug)]
pub(crate) struct Pending {
    id: u64,
    method: MethodName,
    receiver: oneshot::Receiver<Reply>,
    connection: Connection,
}

impl Pending {
    /// Awaits the reply and decodes it. Only the fields of `T` need to be present.
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
