//! Chromium: sessions are browser contexts in sandboxed headless shells of their users, driven over the debugging pipe.
//!
//! The module has a thin protocol client of its own, with commands and events of the DevTools protocol. There is one
//! file per action family, named as in [`crate::action`]; the code that runs in pages is in `scripts/*.js`.

mod actions;
mod bridge;
mod cdp;
mod config;
#[cfg(feature = "render")]
mod consent;
mod console;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod instance;
mod page;
mod pool;
mod process;
#[cfg(feature = "render")]
mod render;
mod scripts;

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

pub use self::{
    config::{
        Bounds, BypassBrowser, ChromiumConfig, DEFAULT_BROWSER_UID, Endpoint, InvalidEndpoint, Isolation, Program,
        Retire,
    },
    process::{
        executable::find_executable,
        sandbox::{SandboxFeatures, sandbox_features},
    },
};
use self::{
    pool::{
        browsers::Pool,
        dedicated::Dedicated,
        watchdog::{Watched, watch},
    },
    process::{run_root::RunRoot, runtime::BrowserRuntime, uids::Uids},
};
#[cfg(feature = "render")]
use crate::imaging::Room;
use crate::{
    browser::{Backend, BrowserError, OpenPage, PageRequest, Unavailable, UnsupportedOption},
    clock::Clock,
    egress::{Guard, System, Upstream, Why},
    session::SessionOptions,
    tasks::Tasks,
};

/// The Chromium backend: a pool of browsers.
#[derive(Debug)]
pub struct Chromium {
    runtime: Arc<BrowserRuntime>,
    pool: Arc<Pool>,
    dedicated: Dedicated,
}

impl Chromium {
    /// Removes what a dead server left, starts the first browser and fills the pool.
    ///
    /// # Errors
    /// [`BrowserError::Unavailable`] when there is no executable or no folder, or the browser does not start.
    pub async fn start(config: ChromiumConfig) -> Result<Self, BrowserError> {
        let executable = config.executable.clone().or_else(find_executable);
        let executable = executable.ok_or(Unavailable::NotInstalled)?;
        if !config.sandbox {
            tracing::warn!("Chromium runs WITHOUT its sandbox: a hostile page can reach this machine");
        }
        let features = sandbox_features();
        if features.is_complete() {
            tracing::debug!(%features, "the kernel sandboxes browsers");
        } else {
            tracing::warn!(%features, "this kernel unsupported a part of the sandbox around browsers");
        }
        let root = RunRoot::open(config.run_root()).map_err(Unavailable::system("run root for browsers"))?;
        let guard = Guard::new(config.egress.clone(), Arc::new(System::default()));
        config.forbidden.iter().for_each(|address| guard.forbid(*address));
        let program = Program { executable, arguments: config.extra_args.clone() };
        let uids = Uids::new(&config, &root);
        let runtime = Arc::new(BrowserRuntime {
            config,
            program,
            root,
            uids,
            tasks: Tasks::default(),
            guard,
            clock: Clock::start(),
            #[cfg(feature = "render")]
            scaling: Room::default(),
            #[cfg(feature = "render")]
            recording: Room::default(),
        });
        let watched = Arc::<Watched>::default();
        let pool = Pool::new(Arc::clone(&runtime), Arc::clone(&watched));
        if let Err(error) = pool.warm_up().await {
            pool.shutdown().await;
            return Err(error.into());
        }
        runtime.tasks.spawn(Arc::clone(&pool).maintain());
        runtime.tasks.spawn(watch(Arc::clone(&watched), runtime.config.bounds, runtime.tasks.clone()));
        let dedicated = Dedicated::new(Arc::clone(&runtime), watched);
        Ok(Self { runtime, pool, dedicated })
    }

    /// Pids of the running browsers, for tests and operators.
    pub fn pids(&self) -> Vec<u32> {
        self.pool.pids().into_iter().chain(self.dedicated.pids()).collect()
    }

    /// The guard of its pages' connections. It also knows the ports of this server, which no page may reach through it.
    pub fn guard(&self) -> Guard {
        self.runtime.guard.clone()
    }

    /// Number of pages that are ready.
    pub fn warm_pages(&self) -> usize {
        self.pool.warm_pages()
    }
}

impl Backend for Chromium {
    fn open(&self, request: PageRequest, deadline: Instant) -> BoxFuture<'_, Result<OpenPage, BrowserError>> {
        async move {
            if request.options.cdp || request.options.bypass_bot_detection {
                return self.dedicated.open(request, deadline).await;
            }
            let opened = self.pool.open(&request.key, deadline).await?;
            opened.page.route_through(request.upstream);
            Ok(opened)
        }
        .boxed()
    }

    fn unsupported(&self, options: SessionOptions) -> Option<UnsupportedOption> {
        match &self.runtime.config.bypass {
            _ if !options.bypass_bot_detection => None,
            None => Some(UnsupportedOption::Bypass),
            Some(BypassBrowser::Elsewhere(_)) if options.proxy => Some(UnsupportedOption::BypassThroughProxy),
            Some(_) => None,
        }
    }

    fn judge_upstream(&self, upstream: &Upstream) -> Result<(), Why> {
        self.runtime.guard.judge_upstream(upstream)
    }

    fn health(&self) -> Result<(), Unavailable> {
        self.pool.health()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        async move {
            self.dedicated.shutdown().await;
            self.pool.shutdown().await;
        }
        .boxed()
    }
}
