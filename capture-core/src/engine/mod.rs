//! The engine: live sessions of this process, admission, supervision, shutdown.

mod admission;
mod builder;
mod creates;
mod ended;
mod heartbeat;
mod not_ready;
#[cfg(test)]
mod tests;
mod verbs;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::{sync::Semaphore, time::Instant};

#[cfg(feature = "redis")]
pub(crate) use self::admission::NO_ROOM;
pub use self::{builder::EngineBuilder, not_ready::NotReady};
use self::{creates::Creates, ended::Ended};
use crate::{
    account::{Accounts, UserId},
    actor::{Handle, Services},
    browser::Backend,
    clock::Clock,
    fair::Places,
    limits::Limits,
    session::SessionId,
    tasks::Tasks,
};

/// How long ended sessions may take to be settled and their pages to close.
const END_GRACE: Duration = Duration::from_secs(10);

/// Live sessions and everything they need. Cloning is cheap; all clones are the same engine.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    services: Services,
    accounts: Arc<dyn Accounts>,
    backend: Arc<dyn Backend>,
    live: DashMap<SessionId, Handle>,
    places: Arc<Semaphore>,
    under_way: Places<UserId>,
    creates: Mutex<Creates>,
    ended: Mutex<Ended>,
    draining: AtomicBool,
    /// Why the last heartbeat could not be written.
    unwritten: Mutex<Option<String>>,
    /// Opens, heartbeats and browsers; stopped after the sessions.
    background: Tasks,
}

impl Engine {
    /// Puts an engine together.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The clock all its timestamps come from.
    pub fn clock(&self) -> Clock {
        self.inner.services.clock
    }

    /// The numbers it keeps to.
    pub fn limits(&self) -> &Limits {
        &self.inner.services.limits
    }

    /// Sessions that have not ended.
    pub fn live_sessions(&self) -> usize {
        self.inner.live.len()
    }

    /// Whether sessions can be created now.
    ///
    /// # Errors
    /// The reason why not.
    pub fn readiness(&self) -> Result<(), NotReady> {
        if self.inner.draining.load(Ordering::Relaxed) {
            return Err(NotReady::Draining);
        }
        if let Some(why) = &*self.inner.unwritten.lock() {
            return Err(NotReady::Ledger(why.clone()));
        }
        self.inner.backend.health().map_err(NotReady::Browser)
    }

    /// Refuses creates from now on; live sessions go on.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    /// Drains, lets live sessions go on for up to `grace`, then ends the rest as `shutdown`, bills them, and closes every
    /// browser. Returns early once no session is left.
    ///
    /// # Cancel safety
    /// When dropped during the grace, sessions go on; calling it again continues.
    pub async fn shutdown(&self, grace: Duration) {
        self.drain();
        let deadline = Instant::now() + grace;
        while self.live_sessions() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50).min(deadline - Instant::now())).await;
        }
        let unfinished = self.inner.services.tasks.finish(END_GRACE).await;
        if unfinished > 0 {
            tracing::error!(unfinished, "sessions did not end in time; the next start's recovery will settle them");
        }
        self.inner.background.finish(Duration::from_secs(2)).await;
        self.inner.backend.shutdown().await;
    }
}
