//! What is kept of ended sessions: the outcomes of keyed actions for late retries, and the log for a minute for late
//! followers.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use crate::{
    account::UserId,
    actor::{Dedupe, EventLog, Follow, Handle},
    error::RunOutcome,
    event::Since,
    fair::{Held, Pool},
    session::{Keyed, SessionId, SessionView},
};

/// Bytes of the keys of ended sessions, of all users. When it is reached, the user with the most bytes loses the keys
/// of their oldest session.
const KEY_BYTES: usize = 16 << 20;
/// How long a log outlives its session; longer than a client needs to reconnect.
const LOG_LIFE: Duration = Duration::from_secs(60);
/// Bytes of the logs of ended sessions, of all users. When it is reached, the user with the most bytes loses their
/// oldest log.
const LOG_BYTES: usize = 8 << 20;
/// Bytes counted for a session that has no keys or events.
const EMPTY: usize = 1 << 10;

/// The ended sessions of one engine.
#[derive(Debug)]
pub(super) struct Ended {
    keys: Pool<UserId, Keys>,
    logs: Pool<UserId, Log>,
    sessions: HashMap<SessionId, Past>,
}

/// Where the keys and the log of one session are stored.
#[derive(Debug)]
struct Past {
    user: UserId,
    keys: Option<Held>,
    log: Option<Held>,
}

#[derive(Debug)]
struct Keys {
    id: SessionId,
    keys: Arc<Mutex<Dedupe>>,
}

#[derive(Debug)]
struct Log {
    id: SessionId,
    log: Arc<EventLog>,
    view: SessionView,
    ended: Instant,
}

impl Default for Ended {
    fn default() -> Self {
        Self { keys: Pool::new(KEY_BYTES), logs: Pool::new(LOG_BYTES), sessions: HashMap::new() }
    }
}

impl Ended {
    pub(super) fn remember(&mut self, handle: &Handle) {
        let (id, user, keys, log) = (handle.id, &handle.user, handle.keys(), handle.log());
        let (key_bytes, log_bytes) = {
            let mut keys = keys.lock();
            keys.drop_results();
            (EMPTY + keys.weight(), EMPTY + log.bytes())
        };
        let (keys, keys_gone) = self.keys.insert(user, key_bytes, Keys { id, keys });
        let log = Log { id, log, view: handle.view(), ended: Instant::now() };
        let (log, logs_gone) = self.logs.insert(user, log_bytes, log);
        self.sessions.insert(id, Past { user: user.clone(), keys: Some(keys), log: Some(log) });
        for (_, gone) in keys_gone {
            self.forget(gone.id, |past| past.keys = None);
        }
        for (_, gone) in logs_gone {
            self.forget(gone.id, |past| past.log = None);
        }
    }

    /// Frees the logs that are older than [`LOG_LIFE`].
    pub(super) fn forget_logs(&mut self) {
        for log in self.logs.expire(|log| log.ended.elapsed() >= LOG_LIFE) {
            self.forget(log.id, |past| past.log = None);
        }
    }

    pub(super) fn outcome(&self, id: SessionId, keyed: &Keyed) -> Option<RunOutcome> {
        let past = self.sessions.get(&id)?;
        let Keys { keys, .. } = self.keys.get(&past.user, past.keys?)?;
        keys.lock().outcome(&keyed.key)
    }

    /// The events of a log after `since`.
    pub(super) fn follow(&self, user: &UserId, id: SessionId, since: &Since) -> Option<Follow> {
        let past = self.sessions.get(&id).filter(|past| past.user == *user)?;
        let Log { log, view, .. } = self.logs.get(user, past.log?)?;
        let follow = log.follow(Some(since), view.clone());
        follow.recovered.then_some(follow)
    }

    /// Marks one part of a session as freed, and removes the session when no part is left.
    fn forget(&mut self, id: SessionId, gone: impl FnOnce(&mut Past)) {
        let Some(past) = self.sessions.get_mut(&id) else { return };
        gone(past);
        if past.keys.is_none() && past.log.is_none() {
            self.sessions.remove(&id);
        }
    }
}
