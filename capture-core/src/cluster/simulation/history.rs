//! Records what happened in a simulated world, for checking the invariants.

use std::collections::BTreeMap;

use tokio::time::{Duration, Instant};

use crate::{error::RunOutcome, session::SessionId};

/// How long after the start of a session its client may learn of it.
const HEARD: Duration = Duration::from_secs(5);

/// A violated invariant, as text.
pub(super) type Broken = String;

/// The outcome of a keyed action, as its client was answered.
pub(super) struct ClientOutcome {
    pub(super) outcome: RunOutcome,
    pub(super) at: Instant,
}

/// An interval whose changes Redis has lost.
#[derive(Clone, Copy)]
pub(super) struct Lost {
    pub(super) from: Instant,
    pub(super) until: Instant,
}

impl Lost {
    /// Whether Redis may have lost what it knew of a session whose client learned of it at this moment.
    pub(super) fn may_include(&self, heard: Instant) -> bool {
        self.from <= heard && heard <= self.until + HEARD
    }
}

/// Renders in a world.
#[derive(Default, Clone, Copy)]
pub(super) struct Renders {
    /// Number of requests.
    pub(super) asked: usize,
    /// Number of those that were answered as charged.
    pub(super) charged: usize,
    /// Number of those that were answered as free.
    pub(super) free: usize,
}

impl Renders {
    /// Counts an answer with what was billed, if there was a result.
    pub(super) fn answered(&mut self, billed: Option<u64>) {
        self.charged += usize::from(billed.is_some_and(|credits| credits > 0));
        self.free += usize::from(billed == Some(0));
    }
}

/// What happened in a world.
#[derive(Default)]
pub(super) struct History {
    /// The moments at which pages began each action.
    pub(super) runs: BTreeMap<String, Vec<Instant>>,
    pub(super) told: BTreeMap<String, ClientOutcome>,
    /// The session of each action.
    pub(super) of: BTreeMap<String, SessionId>,
    /// Number of followers whose stream has not ended.
    pub(super) following: usize,
    /// The moments at which clients learned that they had each session.
    pub(super) sessions: Vec<(SessionId, Instant)>,
    pub(super) lost: Option<Lost>,
    pub(super) renders: Renders,
    pub(super) broken: Vec<Broken>,
    /// The events as text, to compare two runs with one seed.
    pub(super) trace: Vec<String>,
}
