//! Builds an engine from its parts.

use std::{sync::Arc, time::Duration};

use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{
    Engine, Inner,
    admission::MAX_UNDER_WAY,
    creates::Creates,
    ended::Ended,
    heartbeat,
    render_queue::RenderQueue,
    rendering::{FREE_FAILURES, FREE_FAILURES_WITHIN},
};
use crate::{
    account::{Account, Accounts, Secret, UserId},
    actor::{Lease, Services},
    browser::{Backend, simulated::Simulated},
    clock::Clock,
    error::Error,
    fair::{Places, Window},
    ledger::{Ledger, MemoryLedger},
    limits::Limits,
    tasks::Tasks,
};

/// The parts of an engine. The default backend is the simulated browser, and the default ledger is kept in memory.
#[derive(Debug, Default)]
pub struct EngineBuilder {
    limits: Limits,
    backend: Option<Arc<dyn Backend>>,
    ledger: Option<(Arc<dyn Ledger>, Arc<dyn Accounts>)>,
    users: Vec<UserId>,
}

impl EngineBuilder {
    /// Sets the limits, instead of the documented defaults.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the backend, which opens pages.
    #[must_use]
    pub fn backend(mut self, backend: impl Backend + 'static) -> Self {
        self.backend = Some(Arc::new(backend));
        self
    }

    /// Sets the ledger, which stores sessions, users and credits.
    #[must_use]
    pub fn ledger<B: Ledger + Accounts + 'static>(mut self, ledger: Arc<B>) -> Self {
        self.ledger = Some((Arc::clone(&ledger) as Arc<dyn Ledger>, ledger));
        self
    }

    /// Adds a user with unlimited credits, unless the ledger has a user of this id. An embedding program without
    /// accounts needs nothing more.
    #[must_use]
    pub fn open_to(mut self, user: UserId) -> Self {
        self.users.push(user);
        self
    }

    /// Settles the sessions that a dead process left in the ledger, then starts the engine.
    ///
    /// # Errors
    /// `unavailable` when the ledger cannot be read.
    pub async fn build(self) -> Result<Engine, Error> {
        let (ledger, accounts) = self.ledger.unwrap_or_else(|| {
            let ledger = Arc::new(MemoryLedger::new());
            (Arc::clone(&ledger) as Arc<dyn Ledger>, ledger)
        });
        for user in self.users {
            if accounts.account(&user).await?.is_none() {
                // The secret is dropped: this user exists only for callers inside this process.
                let secret = Secret::generate().map_err(Error::internal)?;
                accounts.add(Account::new(user, secret.hash())).await.map_err(Error::internal)?;
            }
        }
        let lost = ledger.recover().await?;
        if !lost.is_empty() {
            tracing::warn!(sessions = lost.len(), "sessions of a dead process were settled at their last heartbeat");
        }
        let (lease, limits) = (Lease::new(ledger.lease()), Arc::new(self.limits));
        let (clock, tasks, pools) = (Clock::start(), Tasks::default(), Arc::default());
        let services = Services { limits, clock, ledger, tasks, lease, pools };
        let max_sessions = services.limits.max_sessions;
        let renders_per_user = usize::try_from(services.limits.renders_per_user).unwrap_or(usize::MAX);
        let engine = Engine {
            inner: Arc::new(Inner {
                services,
                accounts,
                backend: self.backend.unwrap_or_else(|| Arc::new(Simulated::default())),
                live: DashMap::new(),
                places: Arc::new(Semaphore::new(max_sessions)),
                under_way: Places::new(MAX_UNDER_WAY),
                render_queue: RenderQueue::new(renders_per_user),
                creates: Mutex::new(Creates::default()),
                ended: Mutex::new(Ended::default()),
                free_failures: Mutex::new(Window::new(FREE_FAILURES, FREE_FAILURES_WITHIN)),
                renders: Tasks::default(),
                draining: false.into(),
                unwritten: Mutex::default(),
                background: Tasks::default(),
            }),
        };
        heartbeat::start(&engine, Duration::from_secs(3600));
        Ok(engine)
    }
}
