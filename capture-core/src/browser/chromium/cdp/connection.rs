//! One pipe to one browser: a task that writes, a task that reads, and the table of who waits for what.

use std::{
    borrow::Cow,
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
use serde_json::value::RawValue;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe,
    sync::{mpsc, oneshot, watch},
};

use super::{
    SessionKey,
    message::{Call as Message, Envelope, Event, Logged, Splitter},
};
use crate::tasks::Tasks;

/// Commands waiting to be written. When full the browser has stopped reading, and calls fail at once.
const WRITE_QUEUE: usize = 4_096;

/// Why a command has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(in super::super) enum CdpError {
    /// The browser refused it.
    #[error("{method}: {message} ({code})")]
    Refused { method: MethodName, code: i64, message: String },
    /// The page it was for is gone: closed, or its renderer died.
    #[error("the page is gone")]
    PageGone,
    /// The pipe is closed: the browser has exited.
    #[error("the browser is gone")]
    BrowserGone,
    /// The browser does not read its pipe.
    #[error("the browser does not take commands")]
    Congested,
    /// The result is not what we expect.
    #[error("{method}: result not understood: {message}")]
    Decode { method: MethodName, message: String },
}

/// `Domain.command`.
pub(in super::super) type MethodName = Cow<'static, str>;

type Reply = Result<Box<RawValue>, CdpError>;

/// The near end of the pipe. Cloning is cheap.
#[derive(Debug, Clone)]
pub(in super::super) struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    next_id: AtomicU64,
    waiting: Mutex<Waiting>,
    outgoing: mpsc::Sender<Vec<u8>>,
    closed: watch::Sender<bool>,
    /// Counts whatever arrives.
    heard: AtomicU64,
}

/// Whoever takes a browser's events, in the order of their arrival. Runs on the reading task and must not block.
pub(in super::super) trait Listener: Send + Sync + 'static {
    /// Whether something a page logged is left out, before the cost of reading it.
    fn refuses(&self, logged: Logged<'_>) -> bool;
    /// Takes an event.
    fn take(&self, connection: &Connection, event: Event);
}

#[derive(Debug, Default)]
struct Waiting {
    calls: HashMap<u64, Call>,
    closed: bool,
}

#[derive(Debug)]
struct Call {
    method: MethodName,
    session: Option<SessionKey>,
    reply: oneshot::Sender<Reply>,
}

impl Connection {
    /// Starts reading and writing.
    pub(in super::super) fn start(
        to_browser: pipe::Sender,
        from_browser: pipe::Receiver,
        tasks: &Tasks,
        listener: Arc<dyn Listener>,
    ) -> Self {
        let (outgoing, commands) = mpsc::channel(WRITE_QUEUE);
        let shared = Shared {
            next_id: AtomicU64::new(1),
            waiting: Mutex::default(),
            outgoing,
            closed: watch::Sender::new(false),
            heard: AtomicU64::new(0),
        };
        let connection = Self { shared: Arc::new(shared) };
        let (reader, writer) = (connection.clone(), connection.clone());
        tasks.spawn(async move {
            if let Err(error) = write(to_browser, commands, &writer).await {
                tracing::debug!(%error, "the browser's pipe closed for writing");
            }
            writer.close();
        });
        tasks.spawn(async move {
            if let Err(error) = read(from_browser, &reader, &*listener).await {
                tracing::debug!(%error, "the browser's pipe closed for reading");
            }
            reader.close();
        });
        connection
    }

    /// Sends a command now and returns its reply to come, so that several can be under way at once.
    pub(in super::super) fn send<C: Command>(&self, session: Option<&SessionKey>, command: &C) -> Pending {
        let method = command.identifier();
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (reply, receiver) = oneshot::channel();
        let message = Message { id, method: &method, session: session.map(AsRef::as_ref), params: command };
        let bytes = serde_json::to_vec(&message);
        let pending = Pending { id, method: method.clone(), receiver, connection: self.clone() };
        let bytes = match bytes {
            Ok(mut bytes) => {
                bytes.push(0);
                bytes
            }
            Err(error) => {
                let _ = reply.send(Err(CdpError::Decode { method, message: error.to_string() })); // receiver is ours
                return pending;
            }
        };
        {
            let mut waiting = self.shared.waiting.lock();
            if waiting.closed {
                let _ = reply.send(Err(CdpError::BrowserGone)); // receiver is ours
                return pending;
            }
            waiting.calls.insert(id, Call { method, session: session.cloned(), reply });
        }
        if let Err(refused) = self.shared.outgoing.try_send(bytes) {
            let error = match refused {
                mpsc::error::TrySendError::Full(_) => CdpError::Congested,
                mpsc::error::TrySendError::Closed(_) => CdpError::BrowserGone,
            };
            self.fail(id, error);
        }
        pending
    }

    /// Changes whenever the browser says anything.
    pub(in super::super) fn heard(&self) -> u64 {
        self.shared.heard.load(Ordering::Relaxed)
    }

    /// Completes once the pipe is closed.
    pub(in super::super) async fn closed(&self) {
        let mut closed = self.shared.closed.subscribe();
        let _ = closed.wait_for(|closed| *closed).await; // the sender lives as long as self
    }

    /// Closes the pipe from our side: Chromium exits when it notices. Everyone waiting is told at once.
    pub(in super::super) fn close(&self) {
        let calls = {
            let mut waiting = self.shared.waiting.lock();
            waiting.closed = true;
            std::mem::take(&mut waiting.calls)
        };
        for call in calls.into_values() {
            let _ = call.reply.send(Err(CdpError::BrowserGone)); // caller left
        }
        self.shared.closed.send_replace(true);
    }

    /// Tells everyone who waits for this page that it is gone: after a crash the browser never answers them.
    pub(in super::super) fn page_gone(&self, session: &SessionKey) {
        let gone: Vec<Call> = {
            let mut waiting = self.shared.waiting.lock();
            waiting.calls.extract_if(|_, call| call.session.as_ref() == Some(session)).map(|(_, call)| call).collect()
        };
        for call in gone {
            let _ = call.reply.send(Err(CdpError::PageGone)); // caller left
        }
    }

    fn fail(&self, id: u64, error: CdpError) {
        if let Some(call) = self.shared.waiting.lock().calls.remove(&id) {
            let _ = call.reply.send(Err(error)); // caller left
        }
    }

    fn complete(&self, id: u64, envelope: Envelope<'_>) {
        let Some(call) = self.shared.waiting.lock().calls.remove(&id) else { return }; // caller left
        let reply = match (envelope.result, envelope.error) {
            (_, Some(error)) => {
                Err(CdpError::Refused { method: call.method, code: error.code, message: error.message })
            }
            (Some(result), None) => Ok(result.to_owned()),
            (None, None) => Ok(RawValue::NULL.to_owned()),
        };
        let _ = call.reply.send(reply); // caller left
    }
}

/// A reply to come. Dropping it forgets the call; the browser may still carry it out.
#[derive(Debug)]
pub(in super::super) struct Pending {
    id: u64,
    method: MethodName,
    receiver: oneshot::Receiver<Reply>,
    connection: Connection,
}

impl Pending {
    /// The reply, decoded; only the fields of `T` need to be there.
    pub(in super::super) async fn decode<T: DeserializeOwned>(self) -> Result<T, CdpError> {
        let method = self.method.clone();
        let raw = self.await?;
        serde_json::from_str(raw.get()).map_err(|error| CdpError::Decode { method, message: error.to_string() })
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

async fn write(
    mut pipe: pipe::Sender,
    mut commands: mpsc::Receiver<Vec<u8>>,
    connection: &Connection,
) -> std::io::Result<()> {
    loop {
        let first = tokio::select! {
            first = commands.recv() => first,
            () = connection.closed() => return Ok(()),
        };
        let Some(mut batch) = first else { return Ok(()) };
        // Commands sent together leave in one write.
        while let Ok(more) = commands.try_recv() {
            batch.extend_from_slice(&more);
        }
        tokio::select! {
            written = pipe.write_all(&batch) => written?,
            () = connection.closed() => return Ok(()),
        }
    }
}

async fn read(mut pipe: pipe::Receiver, connection: &Connection, listener: &dyn Listener) -> std::io::Result<()> {
    let mut splitter = Splitter::default();
    loop {
        splitter.buffer().reserve(64 * 1024);
        let read = tokio::select! {
            read = pipe.read_buf(splitter.buffer()) => read?,
            () = connection.closed() => return Ok(()),
        };
        if read == 0 {
            return Ok(());
        }
        connection.shared.heard.fetch_add(1, Ordering::Relaxed);
        let within_bounds = splitter.drain(|message| receive(message, connection, listener));
        if !within_bounds {
            return Err(std::io::Error::other("a message of the browser is too long"));
        }
    }
}

fn receive(message: &[u8], connection: &Connection, listener: &dyn Listener) {
    if Logged::peek(message).is_some_and(|logged| listener.refuses(logged)) {
        return;
    }
    let envelope: Envelope<'_> = match serde_json::from_slice(message) {
        Ok(envelope) => envelope,
        Err(error) => return tracing::debug!(%error, "message of the browser not understood; skipped"),
    };
    match (envelope.id, &envelope.method) {
        (Some(id), _) => connection.complete(id, envelope),
        (None, Some(method)) => {
            let session = SessionKey::from(envelope.session.as_deref().unwrap_or_default());
            listener.take(connection, Event::new(session, method, envelope.params));
        }
        (None, None) => {}
    }
}
