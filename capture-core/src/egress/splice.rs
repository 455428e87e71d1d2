//! Forwards bytes in both directions between a client and an origin. This module must not know who they are.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, sleep_until},
};

use super::{upstream::Plain, wire::Wire};

/// Maximum bytes read at once.
const CHUNK: usize = 64 * 1024;
/// How long the origin may continue to send after the client has ended its side.
const AFTER_CLIENT: Duration = Duration::from_secs(5);
/// How long the client may take to read the rest after the origin has ended its side.
const AFTER_ORIGIN: Duration = Duration::from_secs(60);

thread_local! {
    /// A read buffer shared by all connections of a thread. Idle connections, which most are, therefore hold no memory.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into_boxed_slice());
}

/// Payload bytes sent to origins and received from them.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
}

/// An open connection to an origin, with the bytes of both sides that were read before forwarding begins.
#[derive(Debug)]
pub(super) struct Tunnel {
    pub(super) origin: Wire,
    pub(super) from_origin: Vec<u8>,
    pub(super) from_client: Vec<u8>,
    /// Present if the origin is a proxy that must get the client's first request in another form.
    pub(super) plain: Option<Plain>,
}

/// Forwards bytes until both sides have ended, or the time for the remaining side has run out. The end of one side is
/// passed on to the other.
///
/// # Errors
/// One side failed or did not end in time. Both connections should be reset, because otherwise the other side would
/// take a truncated stream as complete.
///
/// # Cancel safety
/// Not cancel safe: bytes that were read and not yet written are lost when the future is dropped.
pub(super) async fn splice(client: &mut TcpStream, tunnel: &mut Tunnel, meter: &Meter) -> io::Result<()> {
    let origin = &mut tunnel.origin;
    let mut up = Way::of(std::mem::take(&mut tunnel.from_client));
    let mut down = Way::of(std::mem::take(&mut tunnel.from_origin));
    meter.received.fetch_add(down.left.len() as u64, Ordering::Relaxed);
    let mut limit = Limit::default();
    let mut alarm = pin!(sleep_until(Instant::now()));
    poll_fn(|context| {
        let (sent, received) = (up.written, down.read);
        let (up_moved, down_moved) = (up.poll(context, client, origin), down.poll(context, origin, client));
        meter.sent.fetch_add(up.written - sent, Ordering::Relaxed);
        meter.received.fetch_add(down.read - received, Ordering::Relaxed);
        if let (Poll::Ready(()), Poll::Ready(())) = (up_moved?, down_moved?) {
            return Poll::Ready(Ok(()));
        }
        let Some(until) = limit.update(&up, &down) else { return Poll::Pending };
        if alarm.deadline() != until {
            alarm.as_mut().reset(until);
        }
        alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    })
    .await
}

/// The time at which forwarding must be over. The end of a side can only move it forward.
#[derive(Debug, Default)]
struct Limit {
    client: Option<Instant>,
    origin: Option<Instant>,
}

impl Limit {
    fn update(&mut self, up: &Way, down: &Way) -> Option<Instant> {
        if up.heard_end && self.client.is_none() {
            self.client = Some(Instant::now() + AFTER_CLIENT);
        }
        if down.heard_end && self.origin.is_none() {
            self.origin = Some(Instant::now() + AFTER_ORIGIN);
        }
        self.client.into_iter().chain(self.origin).min()
    }
}

/// One direction. Nothing is read before everything that was read is written, so a slow reader slows down its writer.
#[derive(Debug, Default)]
struct Way {
    /// Bytes that were read and not written at once.
    left: Vec<u8>,
    /// Number of bytes of `left` that were written since.
    taken: usize,
    read: u64,
    written: u64,
    heard_end: bool,
    passed_end_on: bool,
}

impl Way {
    fn of(left: Vec<u8>) -> Self {
        Self { left, ..Self::default() }
    }

    /// Ready once the end of this direction was passed on.
    fn poll<R, W>(&mut self, context: &mut Context<'_>, from: &mut R, to: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        while !self.passed_end_on {
            ready!(self.poll_left(context, to))?;
            if self.heard_end {
                ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                self.passed_end_on = true;
                continue;
            }
            let moved = SCRATCH.with_borrow_mut(|scratch| self.poll_chunk(context, from, to, scratch))?;
            if moved.is_pending() {
                ready!(Pin::new(&mut *to).poll_flush(context))?;
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_left<W: AsyncWrite + Unpin>(&mut self, context: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>> {
        while let Some(left @ [_, ..]) = self.left.get(self.taken..) {
            let count = ready!(Pin::new(&mut *to).poll_write(context, left))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.taken += count;
            self.written += count as u64;
        }
        self.left = Vec::new();
        self.taken = 0;
        Poll::Ready(Ok(()))
    }

    /// Reads once and writes once, and keeps the bytes that were not written.
    fn poll_chunk<R, W>(
        &mut self,
        context: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        scratch: &mut [u8],
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut buffer = ReadBuf::new(scratch);
        ready!(Pin::new(from).poll_read(context, &mut buffer))?;
        let read = buffer.filled();
        if read.is_empty() {
            self.heard_end = true;
            return Poll::Ready(Ok(()));
        }
        self.read += read.len() as u64;
        let taken = match Pin::new(to).poll_write(context, read) {
            Poll::Ready(taken) => taken?,
            Poll::Pending => 0,
        };
        self.written += taken as u64;
        self.left = read.get(taken..).unwrap_or_default().to_vec();
        Poll::Ready(Ok(()))
    }
}
