//! The log of a session of another instance, as far as it has arrived here: in order, without holes, or known to be
//! broken.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::{
    sync::{Notify, broadcast},
    time::Instant,
};

use super::message::Item;
use crate::event::{ConsoleEntry, ConsoleLine, Event, EventKind};

/// Number of events and of console lines that a follower may lag behind.
const AHEAD: [usize; 2] = [512, 64];
/// Maximum number of items that may arrive before the start of their feed is known.
const EARLY: usize = 1_024;

/// An event's frame, as far as it must be understood here.
#[derive(Deserialize)]
struct Taken {
    method: String,
    seq: u64,
    params: serde_json::Value,
}

/// Parses the event in a frame; `None` if a later version sent it.
pub(super) fn event(frame: Bytes) -> Option<Arc<Event>> {
    let Taken { method, seq, params } = rmp_serde::from_slice(&frame).ok()?;
    Some(Arc::new(Event::relayed(seq, EventKind::read(&method, params)?, Some(frame))))
}

/// The log copy that feeds the followers of this instance.
#[derive(Debug)]
pub(super) struct Replica {
    state: Mutex<State>,
    live: broadcast::Sender<Arc<Event>>,
    lines: broadcast::Sender<Arc<ConsoleLine>>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    feed: u64,
    seq: u64,
    /// Items of a feed whose start is not known yet.
    early: Option<Vec<Item>>,
    heard: Instant,
    condition: Condition,
}

/// The condition of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Every event so far has arrived.
    Whole,
    /// At least one event is missing.
    Broken,
    /// The last event has arrived.
    Over,
}

impl Replica {
    /// A replica that waits for the start of this feed.
    pub(super) fn new(feed: u64) -> Arc<Self> {
        let state = State { feed, seq: 0, early: Some(Vec::new()), heard: Instant::now(), condition: Condition::Whole };
        Arc::new(Self {
            state: Mutex::new(state),
            live: broadcast::Sender::new(AHEAD[0]),
            lines: broadcast::Sender::new(AHEAD[1]),
            changed: Notify::new(),
        })
    }

    pub(super) fn follow(&self) -> (broadcast::Receiver<Arc<Event>>, broadcast::Receiver<Arc<ConsoleLine>>) {
        (self.live.subscribe(), self.lines.subscribe())
    }

    /// `seq` of the last event that has arrived.
    pub(super) fn seq(&self) -> u64 {
        self.state.lock().seq
    }

    /// Switches to another feed. Its items are held back until the start of the feed is known.
    pub(super) fn switch(&self, feed: u64) {
        let mut state = self.state.lock();
        (state.feed, state.early) = (feed, Some(Vec::new()));
    }

    /// The first feed begins after the event with this `seq`.
    pub(super) fn begin(&self, seq: u64) {
        self.state.lock().seq = seq;
        self.resume(Vec::new());
    }

    /// The feed that was switched to begins after these missing events.
    pub(super) fn resume(&self, missing: Vec<Bytes>) {
        let mut state = self.state.lock();
        state.condition = Condition::Whole;
        state.heard = Instant::now();
        for frame in missing {
            self.apply(&mut state, Item::Event(frame));
        }
        for item in state.early.take().unwrap_or_default() {
            self.apply(&mut state, item);
        }
    }

    /// Takes an item of a feed. Items of other feeds than the current one are ignored.
    pub(super) fn take(&self, feed: u64, item: Item) {
        let mut state = self.state.lock();
        if state.feed != feed {
            return;
        }
        state.heard = Instant::now();
        match &mut state.early {
            Some(early) if early.len() < EARLY => early.push(item),
            Some(_full) => state.condition = Condition::Broken,
            None => self.apply(&mut state, item),
        }
    }

    /// Appends the last event in place of an owner that can no longer send it.
    pub(super) fn end(&self, last: EventKind) {
        let mut state = self.state.lock();
        let event = Arc::new(Event::relayed(state.seq + 1, last, None));
        self.deliver(&mut state, event);
    }

    /// Completes when events are missing, nothing has arrived for `silence`, the last event has arrived, or there are
    /// no followers.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost when the future is dropped.
    pub(super) async fn trouble(&self, silence: std::time::Duration) -> Condition {
        loop {
            let changed = self.changed.notified();
            let (condition, heard) = {
                let state = self.state.lock();
                (state.condition, state.heard)
            };
            if condition != Condition::Whole {
                return condition;
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = self.live.closed() => return Condition::Over,
                () = tokio::time::sleep_until(heard + silence) => {
                    if self.state.lock().heard == heard {
                        return Condition::Broken;
                    }
                }
            }
        }
    }

    /// Completes when there are no followers any more.
    pub(super) async fn abandoned(&self) {
        self.live.closed().await;
    }

    fn apply(&self, state: &mut State, item: Item) {
        match item {
            Item::Event(frame) => match event(frame) {
                Some(event) if event.seq <= state.seq => {}
                Some(event) if event.seq == state.seq + 1 => self.deliver(state, event),
                // Either an event is missing, or a later version sent it.
                _ => self.set(state, Condition::Broken),
            },
            Item::Console(message, dropped) => self.tell(ConsoleEntry::Console(message), dropped),
            Item::Error(error, dropped) => self.tell(ConsoleEntry::Error(error), dropped),
            Item::Position(seq) if seq > state.seq => self.set(state, Condition::Broken),
            Item::Position(_) => {}
            Item::End => self.set(state, Condition::Broken),
        }
    }

    fn deliver(&self, state: &mut State, event: Arc<Event>) {
        state.seq = event.seq;
        if matches!(event.kind, EventKind::SessionClosed(_)) {
            self.set(state, Condition::Over);
        }
        let _ = self.live.send(event); // fails when the follower has left
    }

    fn set(&self, state: &mut State, condition: Condition) {
        if state.condition != Condition::Over {
            state.condition = condition;
            self.changed.notify_one();
        }
    }

    fn tell(&self, said: ConsoleEntry, dropped: u64) {
        // fails when there are no followers of lines
        let _ = self.lines.send(Arc::new(ConsoleLine { entry: said, dropped }));
    }
}
