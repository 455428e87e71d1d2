//! The queues of one connection, most important first: answers and events of the log, then countdowns, then pictures.
//! Each queue has its limit.
//!
//! Knows nothing of sockets or of requests.

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use capture_core::{actor::NumberedFrame, clock::Timestamp, session::SessionId, shares::Share};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use crate::{close::CloseCode, limits::ChannelLimits};

/// The next thing to write.
#[derive(Debug)]
pub(crate) enum Item {
    /// An encoded frame.
    Frame(Bytes),
    /// A countdown to this deadline; the remaining time is taken when it is written.
    Countdown(SessionId, Deadline),
    /// A picture, and how many were left out before it.
    Picture(SessionId, Arc<NumberedFrame>, u64),
    /// The last item: the close code and its reason.
    Close(CloseCode, Cow<'static, str>),
}

/// When a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// The moment on the server's monotonic clock.
    pub(crate) at: Instant,
    /// The moment as clients receive it.
    pub(crate) expires_at: Timestamp,
}

/// The queues of one connection. One task takes from them, any task may put.
#[derive(Debug)]
pub(crate) struct Outbox {
    queues: Mutex<Queues>,
    came: Notify,
    max_bytes: usize,
    max_frames: usize,
    /// The share of this connection in what the user's channels and all channels hold together.
    share: OnceLock<Arc<Share>>,
}

#[derive(Debug, Default)]
struct Queues {
    frames: VecDeque<Bytes>,
    bytes: usize,
    countdowns: VecDeque<(SessionId, Deadline)>,
    /// At most one picture per session; the session that has waited longest comes first.
    pictures: VecDeque<(SessionId, Arc<NumberedFrame>, u64)>,
    close: Option<(CloseCode, Cow<'static, str>)>,
}

impl Outbox {
    pub(crate) fn new(limits: &ChannelLimits) -> Self {
        Self {
            queues: Mutex::default(),
            came: Notify::new(),
            max_bytes: limits.queue_bytes,
            max_frames: limits.queue_frames,
            share: OnceLock::new(),
        }
    }

    /// From now on counts frames in this share until they are written.
    pub(crate) fn count(&self, share: Arc<Share>) {
        let _first_one_counts = self.share.set(share);
    }

    /// Records that `bytes` bytes of frames were written.
    pub(crate) fn written(&self, bytes: usize) {
        if let Some(share) = self.share.get() {
            share.subtract(bytes);
        }
    }

    /// Puts a frame that must not be lost. When the queue is full the connection closes, and its client resumes.
    pub(crate) fn put(&self, frame: Bytes) {
        let mut queues = self.queues.lock();
        let full = queues.bytes + frame.len() > self.max_bytes || queues.frames.len() >= self.max_frames;
        if full && !queues.frames.is_empty() {
            drop(queues);
            return self.close(CloseCode::SlowConsumer, "you read too slowly: connect again and resume");
        }
        let bytes = frame.len();
        queues.bytes += bytes;
        queues.frames.push_back(frame);
        drop(queues);
        if let Some(share) = self.share.get() {
            share.add(bytes);
        }
        self.came.notify_one();
    }

    /// Puts a countdown in place of an earlier one of the session.
    pub(crate) fn put_countdown(&self, id: SessionId, deadline: Deadline) {
        let mut queues = self.queues.lock();
        match queues.countdowns.iter_mut().find(|(waiting, _)| *waiting == id) {
            Some((_, waiting)) => *waiting = deadline,
            None => queues.countdowns.push_back((id, deadline)),
        }
        drop(queues);
        self.came.notify_one();
    }

    /// Puts a picture in place of an earlier one of the session. Returns whether there was one.
    pub(crate) fn put_picture(&self, id: SessionId, shown: Arc<NumberedFrame>, dropped: u64) -> bool {
        let mut queues = self.queues.lock();
        let waiting = queues.pictures.iter_mut().find(|(waiting, _, _)| *waiting == id);
        let replaced = waiting.is_some();
        match waiting {
            Some((_, picture, before)) => (*picture, *before) = (shown, *before + 1 + dropped),
            None => queues.pictures.push_back((id, shown, dropped)),
        }
        drop(queues);
        self.came.notify_one();
        replaced
    }

    /// Removes the countdown of a session that is no longer followed.
    pub(crate) fn forget_countdown(&self, id: SessionId) {
        self.queues.lock().countdowns.retain(|(waiting, _)| *waiting != id);
    }

    /// Removes the picture of a session that is no longer viewed.
    pub(crate) fn forget_picture(&self, id: SessionId) {
        self.queues.lock().pictures.retain(|(waiting, _, _)| *waiting != id);
    }

    /// Puts the close, which is the last item. Only the first of several calls has an effect.
    pub(crate) fn close(&self, code: CloseCode, why: impl Into<Cow<'static, str>>) {
        self.queues.lock().close.get_or_insert((code, why.into()));
        self.came.notify_one();
    }

    /// Whether the connection is to be closed.
    pub(crate) fn is_closing(&self) -> bool {
        self.queues.lock().close.is_some()
    }

    /// Waits for the next item to write. Nothing follows a close, and a client that reads too slowly gets only the
    /// close.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.queues.lock().next() {
                return item;
            }
            self.came.notified().await;
        }
    }

    /// The next item to write, if there is one.
    pub(crate) fn try_next(&self) -> Option<Item> {
        self.queues.lock().next()
    }
}

impl Queues {
    fn next(&mut self) -> Option<Item> {
        if let Some((CloseCode::SlowConsumer, why)) = &self.close {
            return Some(Item::Close(CloseCode::SlowConsumer, why.clone()));
        }
        if let Some(frame) = self.frames.pop_front() {
            self.bytes -= frame.len();
            return Some(Item::Frame(frame));
        }
        if let Some((code, why)) = &self.close {
            return Some(Item::Close(*code, why.clone()));
        }
        if let Some((id, deadline)) = self.countdowns.pop_front() {
            return Some(Item::Countdown(id, deadline));
        }
        self.pictures.pop_front().map(|(id, shown, dropped)| Item::Picture(id, shown, dropped))
    }
}

#[cfg(test)]
mod tests {
    use capture_core::browser::ViewFrame;

    use super::*;

    fn outbox(queue_bytes: usize, queue_frames: usize) -> Outbox {
        Outbox::new(&ChannelLimits { queue_bytes, queue_frames, ..ChannelLimits::default() })
    }

    fn frame(bytes: usize) -> Bytes {
        Bytes::from(vec![0; bytes])
    }

    fn deadline(seconds: i64) -> Deadline {
        Deadline { at: Instant::now(), expires_at: Timestamp(seconds) }
    }

    fn shown(number: u64) -> Arc<NumberedFrame> {
        let frame = ViewFrame { body: Bytes::new(), width: 1, height: 1, scale: 1.0 };
        Arc::new(NumberedFrame { number, at: Timestamp(0), frame })
    }

    #[tokio::test]
    async fn the_most_important_comes_first_and_the_newest_of_what_passes_by() {
        let (outbox, id) = (outbox(100, 10), SessionId::new());
        assert!(!outbox.put_picture(id, shown(1), 0));
        assert!(outbox.put_picture(id, shown(2), 3), "one was replaced");
        outbox.put_countdown(id, deadline(2));
        outbox.put_countdown(id, deadline(1));
        outbox.put(frame(3));
        assert!(matches!(outbox.try_next(), Some(Item::Frame(bytes)) if bytes.len() == 3));
        assert!(matches!(outbox.try_next(), Some(Item::Countdown(_, Deadline { expires_at: Timestamp(1), .. }))));
        assert!(matches!(outbox.try_next(), Some(Item::Picture(_, shown, 4)) if shown.number == 2));
        assert!(outbox.try_next().is_none());
    }

    #[tokio::test]
    async fn a_view_that_is_never_without_a_picture_does_not_keep_another_waiting() {
        let (outbox, busy, other) = (outbox(100, 10), SessionId::new(), SessionId::new());
        outbox.put_picture(busy, shown(0), 0);
        outbox.put_picture(other, shown(100), 0);
        for number in 1..5 {
            outbox.put_picture(busy, shown(number), 0);
        }
        let next = || match outbox.try_next() {
            Some(Item::Picture(id, ..)) => id,
            _ => panic!("a picture waits"),
        };
        assert_eq!(next(), busy);
        outbox.put_picture(busy, shown(5), 0);
        assert_eq!(next(), other);
        assert_eq!(next(), busy);
    }

    #[tokio::test]
    async fn a_frame_is_always_taken_by_an_empty_queue_and_too_many_close() {
        let outbox = outbox(10, 10);
        outbox.put(frame(1_000));
        assert!(!outbox.is_closing());
        outbox.put(frame(1));
        assert!(matches!(outbox.try_next(), Some(Item::Close(CloseCode::SlowConsumer, _))), "nothing else is written");
    }

    #[tokio::test]
    async fn what_was_put_before_a_close_is_written_first() {
        let outbox = outbox(100, 2);
        outbox.put(frame(1));
        outbox.close(CloseCode::Restarting, "bye");
        outbox.close(CloseCode::BadFrame, "too late");
        assert!(matches!(outbox.try_next(), Some(Item::Frame(_))));
        assert!(matches!(outbox.try_next(), Some(Item::Close(CloseCode::Restarting, _))));
    }

    #[tokio::test]
    async fn a_user_who_reads_too_little_on_many_channels_loses_the_one_that_holds_most() {
        use futures::FutureExt;
        let pool = capture_core::shares::Pool::new(100, 1_000);
        let ann = "ann".parse().unwrap();
        let channels = [60, 50].map(|bytes| {
            let (outbox, share) = (outbox(1_000, 10), Arc::new(pool.share(&ann)));
            outbox.count(Arc::clone(&share));
            outbox.put(frame(bytes));
            (outbox, share)
        });
        let given_up = channels.each_ref().map(|(_, share)| share.gives_way().now_or_never().is_some());
        assert_eq!(given_up, [true, false]);
        let (outbox, _share) = &channels[1];
        assert!(outbox.try_next().is_some());
        assert_eq!(pool.bytes(), 50, "it is not written yet");
        outbox.written(50);
        assert_eq!(pool.bytes(), 0);
    }

    #[tokio::test]
    async fn frames_are_counted() {
        let outbox = outbox(1_000, 2);
        for _ in 0..3 {
            outbox.put(frame(1));
        }
        assert!(outbox.is_closing());
    }
}
