//! What is remembered of sessions that have ended: whether a keyed action ran, and for a minute what happened, so that a
//! late retry and a late follower still learn it.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use crate::{
    account::UserId,
    error::RunOutcome,
    session::{Dedupe, EventLog, Follow, Handle, Keyed, SessionId, SessionView, Since},
};

/// Sessions remembered; the oldest are forgotten first.
const MAX_ENDED: usize = 1_000;
/// How long a log outlives its session: longer than a client takes to connect again.
const LOG_LIFE: Duration = Duration::from_secs(60);
/// Bytes of all these logs together; the oldest go first.
const LOG_BYTES: usize = 1 << 20;

/// Sessions that have ended, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ended(VecDeque<Past>);

#[derive(Debug)]
struct Past {
    id: SessionId,
    user: UserId,
    keys: Arc<Mutex<Dedupe>>,
    log: Option<(Arc<EventLog>, SessionView)>,
    ended: Instant,
}

impl Ended {
    pub(super) fn remember(&mut self, handle: &Handle) {
        let keys = handle.keys();
        keys.lock().drop_results();
        let log = Some((handle.log(), handle.view()));
        self.0.push_back(Past { id: handle.id, user: handle.user.clone(), keys, log, ended: Instant::now() });
        if self.0.len() > MAX_ENDED {
            self.0.pop_front();
        }
        self.forget_logs();
    }

    /// Lets go of logs whose time is over, or that are too much.
    pub(super) fn forget_logs(&mut self) {
        let mut bytes = 0;
        for past in self.0.iter_mut().rev() {
            bytes += past.log.as_ref().map_or(0, |(log, _)| log.bytes());
            if past.ended.elapsed() >= LOG_LIFE || bytes > LOG_BYTES {
                past.log = None;
            }
        }
    }

    pub(super) fn outcome(&self, id: SessionId, keyed: &Keyed) -> Option<RunOutcome> {
        let past = self.0.iter().find(|past| past.id == id)?;
        past.keys.lock().outcome(&keyed.key)
    }

    /// The rest of a log, for one who has read its beginning.
    pub(super) fn follow(&self, user: &UserId, id: SessionId, since: &Since) -> Option<Follow> {
        let past = self.0.iter().find(|past| past.id == id && past.user == *user)?;
        let (log, view) = past.log.as_ref()?;
        let follow = log.follow(Some(since), view.clone());
        follow.recovered.then_some(follow)
    }
}
