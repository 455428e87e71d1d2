//! The task that reads one browser's messages, within bounds for each message and for all browsers together.
//!
//! This module must not know what a message means.

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Duration, Instant},
};

use super::{
    SessionKey,
    connection::{Connection, Listener, Missed},
    message::{Envelope, Event, Logged},
    stream::{Heard, Skipped, Splitter},
};

/// Bytes read at a time.
const PIECE: usize = 64 << 10;
/// Messages up to this size need no permits.
const USUAL: usize = 4 << 20;
/// MiB of unfinished larger messages of all browsers.
const ROOM_MIB: usize = 512;
/// How long a message waits for permits before it is skipped. Meanwhile its browser is not read.
const PATIENCE: Duration = Duration::from_secs(2);
/// Minimum interval between two log entries about skipped messages.
const SILENCE: Duration = Duration::from_secs(10);

/// There is one for the process, because it limits the memory of the process.
static ROOM: std::sync::LazyLock<Arc<Semaphore>> = std::sync::LazyLock::new(|| Arc::new(Semaphore::new(ROOM_MIB)));

pub(super) async fn read(
    mut pipe: impl AsyncRead + Unpin,
    connection: &Connection,
    listener: &dyn Listener,
) -> std::io::Result<()> {
    let mut splitter = Splitter::default();
    let mut room = Room::default();
    let mut complaint = Complaint::default();
    loop {
        splitter.buffer().reserve(PIECE);
        let read = tokio::select! {
            read = pipe.read_buf(splitter.buffer()) => read?,
            () = connection.closed() => return Ok(()),
        };
        if read == 0 {
            return Ok(());
        }
        connection.hear();
        splitter.drain(|heard| match heard {
            Heard::Message(message) => receive(message, connection, listener),
            Heard::Skipped(skipped) => miss(skipped, &mut complaint, connection, listener),
        });
        if !room.holds(splitter.kept()).await {
            splitter.skip();
        }
    }
}

/// Permits held for the message that is being read.
#[derive(Debug, Default)]
struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// Adjusts the permits to this many bytes; returns false when there were not enough in time.
    async fn holds(&mut self, bytes: usize) -> bool {
        let wanted = bytes.saturating_sub(USUAL).div_ceil(1 << 20);
        if wanted == 0 {
            self.0 = None;
            return true;
        }
        let held = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more) = wanted.checked_sub(held).filter(|more| *more > 0) else { return true };
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let granted = tokio::time::timeout(PATIENCE, Arc::clone(&ROOM).acquire_many_owned(more)).await;
        let Ok(Ok(granted)) = granted else {
            self.0 = None;
            return false;
        };
        match &mut self.0 {
            Some(held) => held.merge(granted),
            none => *none = Some(granted),
        }
        true
    }
}

/// Logs skipped messages, but not each one, because pages can cause them.
#[derive(Debug, Default)]
struct Complaint {
    last: Option<Instant>,
    untold: u64,
}

impl Complaint {
    fn tell(&mut self, method: &str, bytes: usize) {
        if self.last.is_some_and(|last| last.elapsed() < SILENCE) {
            self.untold += 1;
            return;
        }
        let others = std::mem::take(&mut self.untold);
        self.last = Some(Instant::now());
        tracing::warn!(method, bytes, others, "a message of a browser is too large and was skipped");
    }
}

fn miss(skipped: &Skipped, complaint: &mut Complaint, connection: &Connection, listener: &dyn Listener) {
    let bytes = skipped.bytes;
    match skipped.id() {
        Some(id) => {
            let answer = connection.answer(id);
            complaint.tell(answer.as_ref().map_or("", |answer| answer.method()), bytes);
            if let Some(answer) = answer {
                answer.too_large(bytes);
            }
        }
        None => {
            complaint.tell(skipped.method(), bytes);
            listener.missed(Missed { session: skipped.session(), method: skipped.method(), bytes });
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
        (Some(id), _) => connection.complete(id, &envelope),
        (None, Some(method)) => {
            let session = SessionKey::from(envelope.session.as_deref().unwrap_or_default());
            listener.take(connection, Event::new(session, method, envelope.params));
        }
        (None, None) => {}
    }
}
