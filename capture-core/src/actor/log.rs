//! The lossless event log of one session: events in order, with a contiguous `seq`.
//!
//! The newest events are kept for replay, bounded by count and bytes. A follower either gets every event after its
//! `since` or learns that some are gone; it never misses events silently.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::{
    action::{EncodedOutcome, StepResult},
    event::{ConsoleFeed, ConsoleLine, Epoch, Event, EventKind, Since},
    limits::Limits,
    session::SessionView,
};

/// A subscription to the log of one session.
#[derive(Debug)]
pub struct Follow {
    /// The epoch of the log; `seq` values of different epochs are not comparable.
    pub epoch: Epoch,
    /// `seq` of the newest event at the moment of subscription. Every later event arrives through `live`.
    pub seq: u64,
    /// Whether `replay` continues exactly after `since`. Without `since` it is true and `replay` is empty.
    pub recovered: bool,
    /// Events after `since`, oldest first.
    pub replay: Vec<Arc<Event>>,
    /// The session's view at the moment of subscription.
    pub session: SessionView,
    /// Last known address of the active page; empty before the first navigation.
    pub url: String,
    /// Every event after `seq`; [`EventKind::SessionClosed`] is the last. A receiver that lags has lost events and must
    /// follow again with `since`.
    pub live: broadcast::Receiver<Arc<Event>>,
    /// Console lines and errors of the session's pages. A receiver that lags has lost lines.
    pub lines: broadcast::Receiver<Arc<ConsoleLine>>,
}

impl Follow {
    /// The next live event after the replay. Returns `None` after the last event, or when this follower was too slow
    /// and must follow again with `since`.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        self.live.recv().await.ok()
    }
}

/// The log of one session, shared by its actor, which writes to it, and its followers.
#[derive(Debug)]
pub(crate) struct EventLog {
    epoch: Epoch,
    ring: Mutex<Ring>,
    lines: ConsoleFeed,
}

#[derive(Debug)]
struct Ring {
    events: VecDeque<(Arc<Event>, usize)>,
    bytes: usize,
    last_seq: u64,
    url: String,
    /// Dropped with the last event, so that the followers' streams end.
    live: Option<broadcast::Sender<Arc<Event>>>,
    max_events: usize,
    max_bytes: usize,
}

impl EventLog {
    pub(crate) fn new(limits: &Limits, lines: ConsoleFeed) -> Self {
        let ring = Ring {
            events: VecDeque::new(),
            bytes: 0,
            last_seq: 0,
            url: String::new(),
            live: Some(broadcast::Sender::new(limits.log_events.max(1))),
            max_events: limits.log_events,
            max_bytes: limits.log_bytes,
        };
        let epoch = Epoch(format!("e_{}", Uuid::new_v4().simple()).into());
        Self { epoch, ring: Mutex::new(ring), lines }
    }

    /// Appends an event, sends it to every follower and returns its `seq`.
    pub(crate) fn append(&self, kind: EventKind) -> u64 {
        let mut ring = self.ring.lock();
        if let EventKind::PageNavigated(navigated) = &kind {
            ring.url.clone_from(&navigated.url);
        }
        let is_last = matches!(kind, EventKind::SessionClosed(_));
        let event = Arc::new(Event::new(ring.last_seq + 1, kind));
        ring.push(Arc::clone(&event));
        let seq = event.seq;
        if let Some(live) = &ring.live {
            let _ = live.send(event); // fails when there are no followers; the event is kept for replay
        }
        if is_last {
            ring.live = None;
        }
        seq
    }

    /// `seq` of the newest event, and whether that event is the last one.
    #[cfg(feature = "redis")]
    pub(crate) fn position(&self) -> (u64, bool) {
        let ring = self.ring.lock();
        (ring.last_seq, ring.live.is_none())
    }

    /// Size of the kept events in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.ring.lock().bytes
    }

    /// Subscribes to the log. Replay and live events join without gap or overlap because both are taken under the lock.
    pub(crate) fn follow(&self, since: Option<&Since>, session: SessionView) -> Follow {
        let ring = self.ring.lock();
        let ended = || broadcast::channel(1).1;
        let live = ring.live.as_ref().map_or_else(ended, broadcast::Sender::subscribe);
        let replay = match since {
            None => Some(Vec::new()),
            Some(since) if since.epoch == self.epoch => ring.after(since.seq),
            Some(_) => None,
        };
        Follow {
            epoch: self.epoch.clone(),
            seq: ring.last_seq,
            recovered: replay.is_some(),
            replay: replay.unwrap_or_default(),
            session,
            url: ring.url.clone(),
            live,
            lines: self.lines.follow(),
        }
    }
}

impl Ring {
    fn push(&mut self, event: Arc<Event>) {
        let size = serde_json::to_vec(&event.kind).map_or(0, |bytes| bytes.len());
        self.last_seq = event.seq;
        self.bytes += size;
        self.events.push_back((event, size));
        while self.events.len() > self.max_events || self.bytes > self.max_bytes {
            let Some((_, size)) = self.events.pop_front() else { break };
            self.bytes -= size;
        }
    }

    /// All events after `seq`; `None` when some of them were dropped or `seq` is later than the newest event.
    fn after(&self, seq: u64) -> Option<Vec<Arc<Event>>> {
        let oldest = self.events.front().map_or(self.last_seq + 1, |(event, _)| event.seq);
        if seq > self.last_seq || seq + 1 < oldest {
            return None;
        }
        Some(self.events.iter().filter(|(event, _)| event.seq > seq).map(|(event, _)| Arc::clone(event)).collect())
    }
}

/// Maximum size of a result in an event, in bytes; of a larger one the event holds only the size.
const BRIEF_BYTES: usize = 8 * 1024;

/// A result as it appears in an event: complete up to 8 KiB, otherwise only its size.
pub(super) fn brief<T: Serialize>(result: &T) -> Value {
    match serde_json::to_vec(result) {
        Ok(bytes) if bytes.len() <= BRIEF_BYTES => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        Ok(bytes) => json!({"bytes": bytes.len()}),
        Err(_unserialisable) => Value::Null,
    }
}

/// An outcome as it appears in an event. Pictures are left out.
pub(super) fn brief_outcome(outcome: &EncodedOutcome) -> Value {
    match outcome.json() {
        Some(json) if json.len() <= BRIEF_BYTES => serde_json::from_str(json).unwrap_or(Value::Null),
        Some(json) => json!({"bytes": json.len()}),
        None => json!({"bytes": outcome.picture_bytes()}),
    }
}

/// A step of a batch as it appears in an event. Pictures are left out.
pub(super) fn brief_step(step: &StepResult) -> Value {
    match step.result.as_ref().map_or(0, |outcome| outcome.picture_bytes()) {
        0 => brief(step),
        bytes => json!({"bytes": bytes}),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        clock::Timestamp,
        event::PageNavigated,
        session::{Lifecycle, SessionId, SessionOptions},
    };

    fn view() -> SessionView {
        let options = SessionOptions::with_ttl(Duration::from_secs(60));
        Lifecycle::start(SessionId::new(), options, Timestamp(0), Timestamp(0)).view()
    }

    fn navigated(url: &str) -> EventKind {
        EventKind::PageNavigated(PageNavigated { url: url.to_owned() })
    }

    fn log(events: usize) -> EventLog {
        let log = EventLog::new(&Limits { log_events: 4, ..Limits::default() }, ConsoleFeed::default());
        for n in 0..events {
            log.append(navigated(&n.to_string()));
        }
        log
    }

    #[test]
    fn replay_is_all_or_nothing() {
        let log = log(6);
        let since = |seq| Since { epoch: log.epoch.clone(), seq };
        let seqs = |follow: &Follow| follow.replay.iter().map(|event| event.seq).collect::<Vec<_>>();
        for (from, recovered, expected) in [
            (6, true, vec![]),
            (4, true, vec![5, 6]),
            (2, true, vec![3, 4, 5, 6]),
            (1, false, vec![]),
            (7, false, vec![]),
        ] {
            let follow = log.follow(Some(&since(from)), view());
            assert_eq!((follow.recovered, seqs(&follow)), (recovered, expected), "since {from}");
        }
        let stranger = Since { epoch: Epoch("e_other".into()), seq: 6 };
        assert!(!log.follow(Some(&stranger), view()).recovered);
    }

    #[tokio::test]
    async fn live_events_continue_where_the_replay_ends() {
        let log = log(2);
        let mut follow = log.follow(None, view());
        log.append(navigated("next"));
        assert_eq!(follow.live.recv().await.unwrap().seq, follow.seq + 1);
    }
}
