//! The lossless log of one session: what happened, in order, with a contiguous `seq`.
//!
//! The newest events are kept for replay, bounded by count and bytes. A follower gets all it asked for or learns that it
//! cannot; never a silent hole.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::SessionView;
use crate::{
    action::{ActionResult, ActionType, Outcome},
    clock::Timestamp,
    limits::Limits,
};

/// Names one unbroken log; a `seq` means something only together with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch(Arc<str>);

impl Epoch {
    fn new() -> Self {
        Self(format!("e_{}", Uuid::new_v4().simple()).into())
    }
}

/// What happened. The method names are the channel's.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "method", content = "params")]
#[expect(missing_docs, reason = "fields are named as on the wire")]
pub enum EventKind {
    /// An action was taken from the queue.
    #[serde(rename = "action.started", rename_all = "camelCase")]
    ActionStarted {
        action_id: String,
        #[serde(rename = "type")]
        kind: ActionType,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<Arc<str>>,
    },
    /// A step of a batch ended.
    #[serde(rename = "action.step", rename_all = "camelCase")]
    ActionStep { action_id: String, index: usize, step: Value },
    /// An action ended; results above 8 KiB stand as `{"bytes":n}`.
    #[serde(rename = "action.finished", rename_all = "camelCase")]
    ActionFinished {
        action_id: String,
        #[serde(rename = "type")]
        kind: ActionType,
        success: bool,
        duration_ms: u64,
        result: Value,
    },
    /// The active page shows another document, or another address of the same document.
    #[serde(rename = "page.navigated", rename_all = "camelCase")]
    PageNavigated { url: String },
    /// The page opened a dialog; it was answered at once.
    #[serde(rename = "page.dialog", rename_all = "camelCase")]
    PageDialog {
        #[serde(rename = "type")]
        kind: String,
        message: String,
        accepted: bool,
    },
    /// The page opened a tab, which is now the active page.
    #[serde(rename = "page.newTab", rename_all = "camelCase")]
    PageNewTab { url: String },
    /// The page offered a download; it was refused.
    #[serde(rename = "page.download", rename_all = "camelCase")]
    PageDownload { url: String, suggested_filename: String },
    /// A page of this session crashed. If it was the root page, the session ends.
    #[serde(rename = "page.crashed", rename_all = "camelCase")]
    PageCrashed { root: bool },
    /// The deadline changed.
    #[serde(rename = "session.renewed", rename_all = "camelCase")]
    SessionRenewed { expires_at: Timestamp },
    /// The session ended; the last event of its log.
    #[serde(rename = "session.closed", rename_all = "camelCase")]
    SessionClosed { session: Box<SessionView> },
}

/// One entry of the log.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Where a follower stopped reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// The log it read.
    pub epoch: Epoch,
    /// The last event it has.
    pub seq: u64,
}

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
    /// Everything after `seq`. A receiver that lags has lost events and must follow again with `since`.
    pub live: broadcast::Receiver<Arc<Event>>,
}

/// The log of one session, shared by its actor (which writes) and its followers.
#[derive(Debug)]
pub(crate) struct EventLog {
    epoch: Epoch,
    ring: Mutex<Ring>,
    live: broadcast::Sender<Arc<Event>>,
}

#[derive(Debug)]
struct Ring {
    events: VecDeque<(Arc<Event>, usize)>,
    bytes: usize,
    last_seq: u64,
    max_events: usize,
    max_bytes: usize,
}

impl EventLog {
    pub(crate) fn new(limits: &Limits) -> Self {
        let ring = Ring {
            events: VecDeque::new(),
            bytes: 0,
            last_seq: 0,
            max_events: limits.log_events,
            max_bytes: limits.log_bytes,
        };
        Self { epoch: Epoch::new(), ring: Mutex::new(ring), live: broadcast::Sender::new(limits.log_events.max(1)) }
    }

    /// Appends and tells every follower; returns the event's `seq`.
    pub(crate) fn append(&self, kind: EventKind) -> u64 {
        let mut ring = self.ring.lock();
        let event = Arc::new(Event { seq: ring.last_seq + 1, kind });
        ring.push(Arc::clone(&event));
        let seq = event.seq;
        let _ = self.live.send(event); // nobody follows: the ring has it
        seq
    }

    /// Subscribes; replay and live events join without hole or overlap because both are taken under the lock.
    pub(crate) fn follow(&self, since: Option<&Since>, session: SessionView) -> Follow {
        let ring = self.ring.lock();
        let live = self.live.subscribe();
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
            live,
        }
    }
}

impl Ring {
    fn push(&mut self, event: Arc<Event>) {
        let size = serde_json::to_vec(&*event).map_or(0, |bytes| bytes.len());
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

/// Pictures are never encoded just to be measured.
pub(super) fn brief_outcome(outcome: &Outcome) -> Value {
    match (&outcome.result, &outcome.screenshot) {
        (ActionResult::Screenshot(picture), _) | (_, Some(picture)) => json!({"bytes": picture.body.len()}),
        _ => brief(outcome),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::session::{Lifecycle, SessionId, SessionOptions};

    fn view() -> SessionView {
        let options = SessionOptions::with_ttl(Duration::from_secs(60));
        Lifecycle::start(SessionId::new(), options, Timestamp(0), Timestamp(0)).view()
    }

    fn log(events: usize) -> EventLog {
        let log = EventLog::new(&Limits { log_events: 4, ..Limits::default() });
        for n in 0..events {
            log.append(EventKind::PageNavigated { url: n.to_string() });
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
        let stranger = Since { epoch: Epoch::new(), seq: 6 };
        assert!(!log.follow(Some(&stranger), view()).recovered);
    }

    #[tokio::test]
    async fn live_events_continue_where_the_replay_ends() {
        let log = log(2);
        let mut follow = log.follow(None, view());
        log.append(EventKind::PageNavigated { url: "next".into() });
        assert_eq!(follow.live.recv().await.unwrap().seq, follow.seq + 1);
    }
}
