//! What happened in a world, for the promises.

use std::collections::BTreeMap;

use tokio::time::{Duration, Instant};

use crate::{error::RunOutcome, session::SessionId};

/// How long after a session began its client may hear of it.
const HEARD: Duration = Duration::from_secs(5);

/// A broken promise.
pub(super) type Broken = String;

/// What became of a keyed action, as its client was told.
pub(super) struct ClientOutcome {
    pub(super) outcome: RunOutcome,
    pub(super) at: Instant,
}

/// What Redis knew from one moment on until another, and does not know any more.
#[derive(Clone, Copy)]
pub(super) struct Lost {
    pub(super) from: Instant,
    pub(super) until: Instant,
}

impl Lost {
    /// Whether what Redis knew of a session may have been lost, when its client heard of it at this moment.
    pub(super) fn may_include(&self, heard: Instant) -> bool {
        self.from <= heard && heard <= self.until + HEARD
    }
}

/// What happened, for the promises.
#[derive(Default)]
pub(super) struct History {
    /// When pages began each action.
    pub(super) runs: BTreeMap<String, Vec<Instant>>,
    pub(super) told: BTreeMap<String, ClientOutcome>,
    /// The session of each action.
    pub(super) of: BTreeMap<String, SessionId>,
    /// Followers that have not come to an end.
    pub(super) following: usize,
    /// When clients heard that they had each session.
    pub(super) sessions: Vec<(SessionId, Instant)>,
    pub(super) lost: Option<Lost>,
    pub(super) broken: Vec<Broken>,
    /// In words, to compare two runs of the same seed.
    pub(super) trace: Vec<String>,
}
