//! The bounded queue of replies and events that one client has not read.
//!
//! This module must not know sessions or transports.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use futures::stream::{BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::{browser::CdpEnd, shares::Share};

/// Maximum number of queued frames.
const FRAMES: usize = 16_384;
/// Maximum number of queued bytes when another frame is added, whatever its size. One frame of 100 MiB and the frames
/// after it fit.
const BYTES: usize = 128 * 1024 * 1024;

/// The sending side. If the queue is full the client reads too slowly and its connection ends, since the pipe must not
/// be blocked.
#[derive(Debug)]
pub(crate) struct ClientQueue {
    state: Mutex<State>,
    bytes: AtomicUsize,
    /// The share of the bytes in the budget of its user and of all users.
    share: OnceLock<Arc<Share>>,
}

#[derive(Debug)]
enum State {
    Open(mpsc::Sender<String>),
    Over(CdpEnd),
}

impl ClientQueue {
    /// An empty queue, and the stream of its frames.
    pub(crate) fn open() -> (Arc<Self>, BoxStream<'static, String>) {
        let (sender, receiver) = mpsc::channel(FRAMES);
        let queue = Arc::new(Self {
            state: Mutex::new(State::Open(sender)),
            bytes: AtomicUsize::new(0),
            share: OnceLock::new(),
        });
        let taking = Arc::clone(&queue);
        let frames = futures::stream::unfold((receiver, taking), |(mut receiver, taking)| async move {
            let frame: String = receiver.recv().await?;
            taking.bytes.fetch_sub(frame.len(), Ordering::Relaxed);
            Some((frame, (receiver, taking)))
        });
        (queue, frames.fuse().boxed())
    }

    /// Adds further frames to this share. The transport subtracts them once they are written.
    pub(crate) fn count(&self, share: Arc<Share>) {
        let _first_one_counts = self.share.set(share);
    }

    /// Adds a frame, without waiting.
    pub(crate) fn tell(&self, frame: String) {
        let mut state = self.state.lock();
        let State::Open(frames) = &*state else { return };
        let length = frame.len();
        let fits = self.bytes.load(Ordering::Relaxed) <= BYTES;
        if fits && frames.try_send(frame).is_ok() {
            self.bytes.fetch_add(length, Ordering::Relaxed);
            if let Some(share) = self.share.get() {
                share.add(length);
            }
        } else {
            *state = State::Over(CdpEnd::TooSlow);
        }
    }

    /// Refuses further frames. Queued frames can still be read.
    pub(crate) fn end(&self, why: CdpEnd) {
        let mut state = self.state.lock();
        if matches!(&*state, State::Open(_)) {
            *state = State::Over(why);
        }
    }

    /// Why the connection has ended, if it has.
    pub(crate) fn over(&self) -> Option<CdpEnd> {
        match &*self.state.lock() {
            State::Open(_) => None,
            State::Over(why) => Some(why.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_that_does_not_read_is_given_up_and_what_waits_is_still_read() {
        let (queue, mut frames) = ClientQueue::open();
        for at in 0..=FRAMES {
            assert_eq!(queue.over(), None, "after {at} frames");
            queue.tell(at.to_string());
        }
        assert_eq!(queue.over(), Some(CdpEnd::TooSlow));
        for at in 0..FRAMES {
            assert_eq!(frames.next().await, Some(at.to_string()));
        }
        assert_eq!(frames.next().await, None);
    }

    #[tokio::test]
    async fn bytes_that_were_read_make_room() {
        let (queue, mut frames) = ClientQueue::open();
        for _ in 0..5 {
            queue.tell("x".repeat(BYTES));
            assert_eq!(frames.next().await.map(|frame| frame.len()), Some(BYTES));
        }
        queue.tell("x".repeat(BYTES + 1));
        queue.tell("one too many".to_owned());
        assert_eq!(queue.over(), Some(CdpEnd::TooSlow));
    }
}
