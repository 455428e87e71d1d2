//! The lossless log of one session: what happened, in order, with a contiguous `seq`.
//!
//! The newest events are kept for replay, bounded by count and bytes. A follower gets all it asked for or learns that it
//! cannot; never a silent hole.

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

/// A subscription to one session.
#[derive(Debug)]
pub struct Follow {
    /// The log.
    pub epoch: Epoch,
    /// The newest event at this moment; everything after it comes through `live`.
    pub seq: u64,
    /// Whether `replay` continues exactly where `since` stopped. Without `since` true, with nothing to replay.
    pub recovered: bool,
    /// Events after `since`, oldest first.
    pub replay: Vec<Arc<Event>>,
    /// The session at this moment.
    pub session: SessionView,
    /// Where its active page was last seen; empty before the first address.
    pub url: String,
    /// Everything after `seq`; [`EventKind::SessionClosed`] is the last. A receiver that lags has lost events and must
    /// follow again with `since`.
    pub live: broadcast::Receiver<Arc<Event>>,
    /// What the page writes to its console and what goes wrong in it; a receiver that lags has lost lines.
    pub lines: broadcast::Receiver<Arc<ConsoleLine>>,
}

impl Follow {
    /// The next event after the replay; `None` after the last one, or when this follower was too slow and must follow again.
    ///
    /// # Cancel safety
    /// No event is lost when dropped.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        self.live.recv().await.ok()
    }
}

/// The log of one session, shared by its actor (which writes) and its followers.
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
    /// Gone with the last event, so that followers end.
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

    /// Appends and tells every follower; returns the event's `seq`.
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
            let _ = live.send(event); // nobody follows: the ring has it
        }
        if is_last {
            ring.live = None;
        }
        seq
    }

    /// The newest event, and whether it is the last.
    #[cfg(feature = "redis")]
    pub(crate) fn position(&self) -> (u64, bool) {
        let ring = self.ring.lock();
        (ring.last_seq, ring.live.is_none())
    }

    /// Bytes of the events kept.
    pub(crate) fn bytes(&self) -> usize {
        self.ring.lock().bytes
    }

    /// Subscribes; replay and live events join without hole or overlap because both are taken under the lock.
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

    /// All events after `seq`, or `None` when some of them are gone or `seq` is from the future.
    fn after(&self, seq: u64) -> Option<Vec<Arc<Event>>> {
        let oldest = self.events.front().map_or(self.last_seq + 1, |(event, _)| event.seq);
        if seq > self.last_seq || seq + 1 < oldest {
            return None;
        }
        Some(self.events.iter().filter(|(event, _)| event.seq > seq).map(|(event, _)| Arc::clone(event)).collect())
    }
}

/// Results above this stand in events as their size only.
const BRIEF_BYTES: usize = 8 * 1024;

/// A result as it stands in an event: whole up to 8 KiB, else only its size.
pub(super) fn brief<T: Serialize>(result: &T) -> Value {
    match serde_json::to_vec(result) {
        Ok(bytes) if bytes.len() <= BRIEF_BYTES => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        Ok(bytes) => json!({"bytes": bytes.len()}),
        Err(_unserialisable) => Value::Null,
    }
}

/// Pictures are never in an event.
pub(super) fn brief_outcome(outcome: &EncodedOutcome) -> Value {
    match outcome.json() {
        Some(json) if json.len() <= BRIEF_BYTES => serde_json::from_str(json).unwrap_or(Value::Null),
        Some(json) => json!({"bytes": json.len()}),
        None => json!({"bytes": outcome.picture_bytes()}),
    }
}

/// The same for a step of a batch.
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
