//! Idempotency keys of the actions of one session. An action runs at most once per key.
//!
//! Every key is remembered for the life of the session, as a hash of its request together with its outcome. Results are
//! kept in a bounded store that drops the oldest first.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;

use crate::{
    error::{Error, ErrorCode, RunOutcome},
    reply::ActionReply,
    session::{IdempotencyKey, Keyed, RequestHash},
};

/// Maximum number of keys of one session. No key may be forgotten while the session lives, so further keys are refused.
const MAX_KEYS: usize = 100_000;
/// Memory of one key in bytes: its hash, its outcome and its share of the table.
const KEY_BYTES: usize = 200;

/// How a keyed action ended, for all callers that sent the key.
pub(crate) type Ending = Result<Arc<ActionReply>, Arc<Error>>;

/// What to do with a request that has a key.
#[derive(Debug)]
pub(crate) enum Decision {
    /// The key is new: run the action and report its ending.
    Run,
    /// An equal request with this key is running: wait for its ending.
    Join(watch::Receiver<Option<Ending>>),
    /// The action has run, and this is its ending.
    Replay(Ending),
    /// The action has run, but its result was dropped; this is what is still known about it.
    Dropped(Remembered),
    /// The key was used with a different request.
    Conflict,
    /// The key is new, but no further key can be remembered.
    Full,
}

#[derive(Debug)]
enum Entry {
    Running(watch::Sender<Option<Ending>>),
    Stored(Ending, usize),
    Dropped(Remembered),
}

/// What is known about an ending whose result was dropped: success, or the code and outcome of the error.
pub(crate) type Remembered = Result<(), (ErrorCode, RunOutcome)>;

/// The keys of one session.
#[derive(Debug)]
pub(crate) struct Dedupe {
    entries: HashMap<IdempotencyKey, (RequestHash, Entry)>,
    stored: VecDeque<IdempotencyKey>,
    bytes: usize,
    max_bytes: usize,
}

impl Dedupe {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { entries: HashMap::new(), stored: VecDeque::new(), bytes: 0, max_bytes }
    }

    /// Decides what to do with a request, and remembers a new key as running.
    pub(crate) fn begin(&mut self, keyed: &Keyed) -> Decision {
        if let Some((request, entry)) = self.entries.get(&keyed.key) {
            if *request != keyed.request {
                return Decision::Conflict;
            }
            return match entry {
                Entry::Running(ending) => Decision::Join(ending.subscribe()),
                Entry::Stored(ending, _) => Decision::Replay(ending.clone()),
                Entry::Dropped(remembered) => Decision::Dropped(*remembered),
            };
        }
        if self.entries.len() >= MAX_KEYS {
            return Decision::Full;
        }
        let running = Entry::Running(watch::Sender::new(None));
        self.entries.insert(keyed.key.clone(), (keyed.request, running));
        Decision::Run
    }

    /// Forgets a key whose request was refused before it began, so that the client may send it again.
    pub(crate) fn forget(&mut self, key: &IdempotencyKey) {
        if matches!(self.entries.get(key), Some((_, Entry::Running(_)))) {
            self.entries.remove(key);
        }
    }

    /// Stores the ending of a running key.
    pub(crate) fn end(&mut self, key: &IdempotencyKey, ending: &Ending) {
        let Some((_, entry)) = self.entries.get_mut(key) else { return };
        if let Entry::Running(waiting) = entry {
            waiting.send_replace(Some(ending.clone()));
        }
        let size = ending.as_ref().map_or(256, |reply| reply.weight());
        *entry = Entry::Stored(ending.clone(), size);
        self.bytes += size;
        self.stored.push_back(key.clone());
        self.shrink();
    }

    /// The known outcome of the action with this key; `None` for a key that was never used.
    pub(crate) fn outcome(&self, key: &IdempotencyKey) -> Option<RunOutcome> {
        self.entries.get(key).map(|(_, entry)| match entry {
            Entry::Running(_) => RunOutcome::Unknown,
            Entry::Stored(Ok(_), _) => RunOutcome::Executed,
            Entry::Stored(Err(error), _) => error.outcome(),
            Entry::Dropped(Ok(())) => RunOutcome::Executed,
            Entry::Dropped(Err((_, outcome))) => *outcome,
        })
    }

    /// Approximate memory of the keys in bytes, without their results.
    pub(crate) fn weight(&self) -> usize {
        self.entries.len() * KEY_BYTES
    }

    /// Frees every result. The keys and their outcomes stay.
    pub(crate) fn drop_results(&mut self) {
        self.max_bytes = 0;
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.bytes > self.max_bytes {
            let Some(oldest) = self.stored.pop_front() else { break };
            let Some((_, entry)) = self.entries.get_mut(&oldest) else { continue };
            let Entry::Stored(ending, size) = entry else { continue };
            self.bytes -= *size;
            let remembered = ending.as_ref().map(drop).map_err(|error| (error.code(), error.outcome()));
            *entry = Entry::Dropped(remembered);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn keyed(key: &str, body: &[u8]) -> Keyed {
        Keyed { key: key.parse().unwrap(), request: RequestHash::of(body) }
    }

    fn failed() -> Ending {
        Err(Arc::new(Error::new(ErrorCode::ActionFailed, "no")))
    }

    #[tokio::test]
    async fn a_key_runs_once_and_is_joined_replayed_or_refused() {
        let mut keys = Dedupe::new(1024);
        let one = keyed("k1", b"a");
        assert!(matches!(keys.begin(&one), Decision::Run));
        let Decision::Join(mut joined) = keys.begin(&one) else { panic!("running keys are joined") };
        assert!(matches!(keys.begin(&keyed("k1", b"b")), Decision::Conflict));
        keys.end(&one.key, &failed());
        assert!(joined.wait_for(Option::is_some).await.is_ok());
        assert!(matches!(keys.begin(&one), Decision::Replay(Err(_))));
    }

    #[test]
    fn results_go_oldest_first_but_keys_stay() {
        let mut keys = Dedupe::new(600);
        for name in ["k1", "k2", "k3"] {
            keys.begin(&keyed(name, b"a"));
            keys.end(&keyed(name, b"a").key, &failed());
        }
        let dropped = keys.begin(&keyed("k1", b"a"));
        assert!(matches!(dropped, Decision::Dropped(Err((ErrorCode::ActionFailed, _)))), "a failure stays one");
        assert!(matches!(keys.begin(&keyed("k3", b"a")), Decision::Replay(_)));
    }

    #[test]
    fn a_key_that_never_began_may_be_sent_again_and_one_that_ran_may_not() {
        let mut keys = Dedupe::new(1024);
        let (one, two) = (keyed("k1", b"a"), keyed("k2", b"a"));
        assert_eq!(keys.outcome(&one.key), None);
        keys.begin(&one);
        assert_eq!(keys.outcome(&one.key), Some(RunOutcome::Unknown), "while it runs");
        keys.forget(&one.key);
        assert!(matches!(keys.begin(&one), Decision::Run));
        keys.begin(&two);
        keys.end(&two.key, &failed());
        keys.forget(&two.key);
        assert!(matches!(keys.begin(&two), Decision::Replay(_)));
        assert_eq!(keys.outcome(&two.key), Some(RunOutcome::NotExecuted));
    }

    #[test]
    fn outcomes_stay_when_results_go() {
        let mut keys = Dedupe::new(512); // two failures, each counted as 256 bytes
        for name in ["k1", "k2"] {
            keys.begin(&keyed(name, b"a"));
            keys.end(&keyed(name, b"a").key, &failed());
        }
        assert!(matches!(keys.begin(&keyed("k1", b"a")), Decision::Replay(_)), "both fit exactly");
        keys.drop_results();
        for name in ["k1", "k2"] {
            assert!(matches!(keys.begin(&keyed(name, b"a")), Decision::Dropped(Err(_))));
            assert_eq!(keys.outcome(&keyed(name, b"a").key), Some(RunOutcome::NotExecuted));
        }
        assert_eq!(keys.bytes, 0);
    }

    #[test]
    fn no_key_is_forgotten_for_a_further_one() {
        let mut keys = Dedupe::new(1024);
        for number in 0..MAX_KEYS {
            let keyed = keyed(&format!("k{number}"), b"a");
            assert!(matches!(keys.begin(&keyed), Decision::Run));
            keys.end(&keyed.key, &failed());
        }
        assert!(matches!(keys.begin(&keyed("one-more", b"a")), Decision::Full));
        assert!(matches!(keys.begin(&keyed("k0", b"a")), Decision::Dropped(_)));
    }
}
