//! The engine: owns the live sessions of this process, their admission, supervision and shutdown.

mod admission;
mod builder;
mod creates;
mod ended;
mod heartbeat;
mod not_ready;
mod render_queue;
mod rendering;
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
use self::{creates::Creates, ended::Ended, render_queue::RenderQueue};
use crate::{
    account::{Accounts, UserId},
    actor::{Handle, Services},
    browser::Backend,
    clock::Clock,
    fair::{Places, Window},
    limits::Limits,
    session::SessionId,
    tasks::Tasks,
};

/// How long settling ended sessions and closing their pages may take at shutdown.
const END_GRACE: Duration = Duration::from_secs(10);

/// The live sessions of this process and their services. Cloning is cheap, and all clones share one state.
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
    /// Creates under way.
    under_way: Places<UserId>,
    render_queue: RenderQueue,
    creates: Mutex<Creates>,
    ended: Mutex<Ended>,
    /// Failed renders that are free.
    free_failures: Mutex<Window<UserId>>,
    /// Renders under way; at a shutdown they end like sessions.
    renders: Tasks,
    draining: AtomicBool,
    /// Error of the last heartbeat, if it could not be written.
    unwritten: Mutex<Option<String>>,
    /// Creates, heartbeats, browsers and the closing of pages of renders; stopped after the sessions.
    background: Tasks,
}

impl Engine {
    /// A builder with default parts.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The clock of all timestamps of this engine.
    pub fn clock(&self) -> Clock {
        self.inner.services.clock
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.inner.services.limits
    }

    /// Number of sessions that have not ended.
    pub fn live_sessions(&self) -> usize {
        self.inner.live.len()
    }

    /// Number of renders that have not ended.
    pub fn live_renders(&self) -> usize {
        self.inner.renders.alive()
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

    /// Refuses creates from now on. Live sessions continue.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    /// Shuts the engine down: refuses creates, lets live sessions continue for up to `grace`, then ends the rest with
    /// reason `shutdown`, bills them and closes every browser. Returns early once no session is left.
    ///
    /// # Cancel safety
    /// When dropped during the grace, the live sessions continue; another call continues the shutdown.
    pub async fn shutdown(&self, grace: Duration) {
        self.drain();
        let deadline = Instant::now() + grace;
        while self.live_sessions() + self.live_renders() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50).min(deadline - Instant::now())).await;
        }
        let unfinished = self.inner.services.tasks.finish(END_GRACE).await;
        if unfinished > 0 {
            tracing::error!(unfinished, "sessions did not end in time; the next start's recovery will settle them");
        }
        self.inner.renders.finish(Duration::ZERO).await;
        self.inner.background.finish(Duration::from_secs(2)).await;
        self.inner.backend.shutdown().await;
    }
}
