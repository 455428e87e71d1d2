//! Results that are kept in memory, so that a repeated request costs nothing, and renders under way, so that equal
//! requests at the same time render once.
//!
//! What one user keeps is bounded by the share that the others leave: the user with the most bytes gives way first.

use std::{collections::HashMap, sync::Arc, time::Duration};

use capture_core::{
    Error, ErrorCode,
    account::UserId,
    clock::Timestamp,
    fair::{Held, Pool, Window},
    tasks::Tasks,
};
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

use super::{
    disk_cache::DiskCache,
    made::{CacheKey, Made},
};

/// How long a failure is repeated instead of being tried again.
const FAILURE_KEPT: Duration = Duration::from_secs(60);
/// How many requests of signed addresses that always render are served for a user within [`SIGNED_WITHIN`]: such an
/// address may stand in a page, and every visitor of that page would cause a render that its user pays.
const SIGNED_ALWAYS: usize = 60;
const SIGNED_WITHIN: Duration = Duration::from_secs(60);
/// Bytes that a kept failure counts.
const FAILURE_WEIGHT: usize = 4096;

/// What became of a render.
pub(super) type Outcome = Result<Made, Arc<Error>>;

#[derive(Debug)]
struct Entry {
    key: CacheKey,
    outcome: Outcome,
    until: Timestamp,
}

#[derive(Debug)]
struct State {
    entries: Pool<UserId, Entry>,
    by_key: HashMap<CacheKey, Held>,
    under_way: HashMap<CacheKey, watch::Receiver<Option<Outcome>>>,
}

/// The cache.
#[derive(Debug)]
pub(crate) struct RenderCache {
    state: Mutex<State>,
    ttl: Duration,
    /// The requests of signed addresses that always render.
    signed: Mutex<Window<UserId>>,
    /// What is kept beside memory.
    disk: Option<DiskCache>,
    /// Renders under way.
    tasks: Tasks,
}

/// A render that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) key: CacheKey,
    pub(super) done: watch::Sender<Option<Outcome>>,
    pub(super) outcome: Outcome,
    /// Whether the outcome answers later requests.
    pub(super) keep: bool,
    pub(super) now: Timestamp,
}

/// How a request is to be answered.
pub(super) enum Found {
    /// From the cache, where it stays until this time.
    Kept(Outcome, Timestamp),
    /// By a render that is under way.
    Joined(watch::Receiver<Option<Outcome>>),
    /// By a render of its own, whose outcome is to be told to this sender.
    New(watch::Sender<Option<Outcome>>),
}

impl RenderCache {
    /// A cache of this many bytes in memory, whose results are good for this long.
    pub(crate) fn new(bytes: usize, ttl: Duration, disk: Option<DiskCache>) -> Self {
        let state = State { entries: Pool::new(bytes.max(1)), by_key: HashMap::new(), under_way: HashMap::new() };
        let signed = Mutex::new(Window::new(SIGNED_ALWAYS, SIGNED_WITHIN));
        Self { state: Mutex::new(state), ttl, signed, disk, tasks: Tasks::default() }
    }

    /// Admits a request of a signed address that always renders.
    ///
    /// # Errors
    /// `session_limit` with the reason `fresh_limit` when this user had too many of them lately.
    pub(super) fn admit_signed(&self, user: &UserId) -> Result<(), Error> {
        self.signed.lock().admit(user, Instant::now()).map_err(|wait| {
            let seconds = SIGNED_WITHIN.as_secs();
            let message = format!(
                "signed addresses with fresh or credentials render at most {SIGNED_ALWAYS} times in {seconds} s for a user"
            );
            Error::new(ErrorCode::SessionLimit, message)
                .with_reason("fresh_limit")
                .with_retry_after(wait)
                .with_hint("sign addresses without them, or ask with the bearer token")
        })
    }

    /// Carries a render on although its client may leave. It ends with the cache.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Renders under way, until they are stored and kept.
    pub(crate) fn alive(&self) -> usize {
        self.tasks.alive()
    }

    /// Waits until no render is under way, at most this long.
    pub(crate) async fn finish_all(&self, grace: Duration) {
        self.tasks.finish(grace).await;
    }

    /// How long results are good.
    pub(super) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Looks for a result. With `fresh`, a new one is made in any case.
    pub(super) fn find(&self, key: &CacheKey, fresh: bool, now: Timestamp) -> Found {
        let state = &mut *self.state.lock();
        if !fresh {
            if let Some((outcome, until)) = state.kept(key, now) {
                return Found::Kept(outcome, until);
            }
            if let Some(under_way) = state.under_way.get(key).filter(|under_way| under_way.has_changed().is_ok()) {
                return Found::Joined(under_way.clone());
            }
        }
        let (done, under_way) = watch::channel(None);
        state.under_way.insert(key.clone(), under_way);
        Found::New(done)
    }

    /// The result that is kept on disk, if it is still good.
    pub(super) async fn on_disk(&self, key: &CacheKey, now: Timestamp) -> Option<Made> {
        let made = self.disk.as_ref()?.read(key).await?;
        (made.at.plus(self.ttl) > now).then_some(made)
    }

    /// Keeps a result on disk, where that is wanted.
    pub(super) async fn keep_on_disk(&self, key: &CacheKey, made: &Made) {
        if let Some(disk) = self.disk.as_ref().filter(|_| !self.ttl.is_zero()) {
            disk.write(key, made).await;
        }
    }

    /// Ends a render: keeps its outcome and tells those who wait for it.
    pub(super) fn finish(&self, ended: Ended) {
        let Ended { key, done, outcome, keep, now } = ended;
        {
            let state = &mut *self.state.lock();
            let is_mine = state.under_way.get(&key).is_some_and(|under_way| under_way.same_channel(&done.subscribe()));
            if is_mine {
                state.under_way.remove(&key);
            }
            if keep {
                state.keep(&key, outcome.clone(), now, self.ttl);
            }
        }
        done.send_replace(Some(outcome));
    }
}

impl State {
    fn kept(&mut self, key: &CacheKey, now: Timestamp) -> Option<(Outcome, Timestamp)> {
        let held = *self.by_key.get(key)?;
        let entry = self.entries.get(&key.user, held)?;
        if entry.until > now {
            return Some((entry.outcome.clone(), entry.until));
        }
        self.entries.remove(&key.user, held);
        self.by_key.remove(key);
        None
    }

    /// Keeps an outcome. A failure does not take the place of a result that is still good.
    fn keep(&mut self, key: &CacheKey, outcome: Outcome, now: Timestamp, ttl: Duration) {
        if outcome.is_err() && self.kept(key, now).is_some_and(|(kept, _)| kept.is_ok()) {
            return;
        }
        let (weight, until) = match &outcome {
            Ok(made) => (made.rendered.rendering.body.weight(), made.at.plus(ttl)),
            Err(_) => (FAILURE_WEIGHT, now.plus(FAILURE_KEPT.min(ttl))),
        };
        if let Some(held) = self.by_key.remove(key) {
            self.entries.remove(&key.user, held);
        }
        if ttl.is_zero() {
            return;
        }
        let entry = Entry { key: key.clone(), outcome, until };
        let (held, gone) = self.entries.insert(&key.user, weight, entry);
        self.by_key.insert(key.clone(), held);
        for (_, entry) in gone {
            self.by_key.remove(&entry.key);
        }
    }
}
