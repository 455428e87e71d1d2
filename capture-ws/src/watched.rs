//! The connection under a WebSocket, which records the bytes in both directions: the WebSocket itself reports a message
//! only once it is complete.
//!
//! Knows of frames only how their headers count. Knows nothing of what messages mean.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use capture_core::shares::Share;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Duration, Instant},
};

use crate::large::Large;

/// A client that sends nothing more of a message it has begun for this long is disconnected.
const STALL: Duration = Duration::from_secs(10);
/// Time that any message may take; it has one second more for each [`BYTES_A_SECOND`] bytes.
const MESSAGE: Duration = Duration::from_secs(30);
/// Lowest average rate of a long message: about 1 Mbit/s.
const BYTES_A_SECOND: u64 = 128 << 10;
/// Size of the header of a client's control frame: two bytes and a mask of four.
const CONTROL_HEADER: usize = 6;

/// A connection whose traffic is recorded.
#[derive(Debug)]
pub struct Watched<IO> {
    io: IO,
    traffic: Arc<Traffic>,
}

/// The recorded traffic in both directions.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    state: Mutex<State>,
    /// The message that is written past the WebSocket.
    large: Mutex<Option<Large>>,
    /// Counts the bytes of a message that is incomplete.
    share: OnceLock<Arc<Share>>,
}

#[derive(Debug, Default)]
struct State {
    /// The incomplete message: its bytes, when it began, and when the last of them arrived.
    incoming: Option<Incoming>,
    written: u64,
}

#[derive(Debug, Clone, Copy)]
struct Incoming {
    bytes: usize,
    began: Instant,
    last: Instant,
    /// The message is complete and waits for the browser to take it.
    whole: bool,
}

impl<IO> Watched<IO> {
    /// A connection without traffic so far.
    pub fn new(io: IO) -> Self {
        Self { io, traffic: Arc::default() }
    }

    pub(crate) fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }
}

impl Traffic {
    /// Counts incoming bytes in this share as well.
    pub(crate) fn count(&self, share: Arc<Share>) {
        let _first_one_counts = self.share.set(share);
    }

    /// Records that the message is complete: it can no longer be late, but its bytes are still held.
    pub(crate) fn arrived(&self) {
        if let Some(incoming) = &mut self.state.lock().incoming {
            incoming.whole = true;
        }
    }

    /// Records that every byte that arrived belongs to messages that have been handled.
    pub(crate) fn whole(&self) {
        let incoming = self.state.lock().incoming.take();
        if let (Some(incoming), Some(share)) = (incoming, self.share.get()) {
            share.subtract(incoming.bytes);
        }
    }

    /// Records that some of the bytes were a control frame, which may stand in the middle of a message.
    pub(crate) fn control(&self, payload: usize) {
        let frame = payload + CONTROL_HEADER;
        let mut state = self.state.lock();
        let Some(incoming) = &mut state.incoming else { return };
        let counted = frame.min(incoming.bytes);
        incoming.bytes -= counted;
        if incoming.bytes == 0 {
            state.incoming = None;
        }
        drop(state);
        if let Some(share) = self.share.get() {
            share.subtract(counted);
        }
    }

    /// Whether a message was begun and is overdue.
    pub(crate) fn is_late(&self, now: Instant) -> bool {
        self.state.lock().incoming.is_some_and(|incoming| incoming.is_late(now))
    }

    /// Bytes written so far.
    pub(crate) fn written(&self) -> u64 {
        self.state.lock().written
    }

    /// Writes a message before everything that is written later. Everything before it must have been flushed; it is
    /// written by the next flush.
    pub(crate) fn next(&self, large: Large) {
        *self.large.lock() = Some(large);
    }

    fn wrote(&self, bytes: usize) {
        self.state.lock().written += bytes as u64;
    }

    fn came(&self, bytes: usize) {
        let now = Instant::now();
        {
            let mut state = self.state.lock();
            let incoming = state.incoming.get_or_insert(Incoming { bytes: 0, began: now, last: now, whole: false });
            incoming.bytes += bytes;
            incoming.last = now;
        }
        if let Some(share) = self.share.get() {
            share.add(bytes);
        }
    }
}

impl Incoming {
    fn is_late(self, now: Instant) -> bool {
        let allowed = MESSAGE + Duration::from_secs(self.bytes as u64 / BYTES_A_SECOND);
        !self.whole && (now - self.last >= STALL || now - self.began >= allowed)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Watched<IO> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, into))?;
        let came = into.filled().len() - before;
        if came > 0 {
            self.traffic.came(came);
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> Watched<IO> {
    /// Completes once no large message is left to be written.
    fn poll_large(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waiting = self.traffic.large.lock();
        while let Some(large) = &mut *waiting {
            let written = ready!(large.poll_write(Pin::new(&mut self.io), context))?;
            self.traffic.wrote(written);
            if large.is_written() {
                *waiting = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Watched<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_large(context))?;
        let written = ready!(Pin::new(&mut self.io).poll_write(context, bytes))?;
        self.traffic.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_large(context))?;
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(context, pieces))?;
        self.traffic.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_large(context))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_message_that_stalls_or_drips_is_late_and_a_large_one_has_its_time() {
        let traffic = Traffic::default();
        let second = Duration::from_secs(1);
        assert!(!traffic.is_late(Instant::now() + MESSAGE * 9), "nothing was begun");
        traffic.came(1);
        assert!(!traffic.is_late(Instant::now() + STALL - second) && traffic.is_late(Instant::now() + STALL));
        traffic.whole();
        for (each, lasts) in [(1, MESSAGE), (100 << 10, MESSAGE * 4)] {
            let began = Instant::now();
            while !traffic.is_late(Instant::now()) {
                traffic.came(each);
                tokio::time::advance(second).await;
            }
            let took = began.elapsed();
            assert!(took >= lasts && took <= lasts * 2, "{each} bytes a second were taken for {took:?}");
            traffic.whole();
        }
        for _ in 0..40 {
            traffic.came(CONTROL_HEADER + 4);
            tokio::time::advance(second).await;
            traffic.came(CONTROL_HEADER + 5);
            traffic.control(5);
        }
        assert!(traffic.is_late(Instant::now()), "pings do not hide a message that drips");
        traffic.whole();
        traffic.came(CONTROL_HEADER + 5);
        traffic.control(5);
        assert!(!traffic.is_late(Instant::now() + MESSAGE), "a ping alone is whole");
        for _ in 0..1_000 {
            traffic.came(1 << 20);
            tokio::time::advance(second).await;
            assert!(!traffic.is_late(Instant::now()));
        }
    }
}
