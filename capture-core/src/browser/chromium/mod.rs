//! Chromium: sessions as browser contexts in pooled, sandboxed headless shells, driven over the debugging pipe.
//!
//! A thin protocol client of our own, with commands and events of the DevTools protocol. One file per action family,
//! named as in [`crate::action`]; the code that runs in pages is in `scripts/*.js`.

mod bridge;
mod browser;
mod cdp;
mod config;
mod context;
mod dedicated;
mod drag;
mod executable;
mod fault;
mod flags;
mod flood;
mod form;
mod frames;
#[cfg(fuzzing)]
pub mod fuzzing;
mod goto;
mod ground;
mod host;
mod input;
mod inset;
mod journal;
mod keeper;
mod keyboard;
mod locate;
mod logged;
mod memory;
mod navigate;
mod page;
mod page_clock;
mod pointer;
mod pool;
mod ports;
mod process;
mod read;
mod remote;
mod routes;
mod run_root;
mod screencast;
mod screenshot;
mod scripts;
mod scroll;
mod setup;
mod snapshot;
mod spilled;
mod tab;
mod tabs;
mod viewport;
mod wait;
mod walls;
mod watchdog;
mod world;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use tokio::time::Instant;

use self::{browser::Browser, dedicated::Dedicated, ground::Ground, pool::Pool, run_root::RunRoot, watchdog::Watched};
pub use self::{
    config::{Bounds, BypassBrowser, ChromiumConfig, DEFAULT_BROWSER_UID, Isolation, Program, Retire},
    executable::find_executable,
    remote::{Endpoint, InvalidEndpoint},
    walls::{Walls, find_walls},
};
use super::{Backend, CdpClient, Fault, Lack, LostReason, OpenPage, Page, Screencast, ViewFrame, Wanted};
use crate::{
    action::{Action, Outcome},
    egress::{Guard, System, Traffic, Upstream, Why},
    session::SessionOptions,
    tasks::Tasks,
};

/// A pool of Chromium browsers.
#[derive(Debug)]
pub struct Chromium {
    pool: Arc<Pool>,
    dedicated: Arc<Dedicated>,
}

impl Chromium {
    /// Sweeps what a dead server left, starts the first browser and fills the pool.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when there is no executable, no folder, or the browser does not start.
    pub async fn start(config: ChromiumConfig) -> Result<Self, Fault> {
        let executable = config.executable.clone().or_else(find_executable);
        let executable = executable.ok_or_else(|| Fault::Unavailable("Chromium is not installed".to_owned()))?;
        if !config.sandbox {
            tracing::warn!("Chromium runs WITHOUT its sandbox: a hostile page can reach this machine");
        }
        let walls = find_walls();
        if walls.are_complete() {
            tracing::debug!(%walls, "walls around browsers");
        } else {
            tracing::warn!(%walls, "this kernel does not have every wall around browsers");
        }
        let root = RunRoot::open(config.run_root.clone())
            .map_err(|error| Fault::Unavailable(format!("no run root for browsers: {error}")))?;
        let guard = Guard::new(config.egress.clone(), Arc::new(System::default()));
        config.forbidden.iter().for_each(|address| guard.forbid(*address));
        let program = Program { executable, arguments: config.extra_args.clone() };
        let ground = Ground { config, program, root, tasks: Tasks::default(), guard, watched: Watched::default() };
        let pool = Arc::new(Pool::new(ground));
        if let Err(fault) = pool.warm_up().await {
            pool.shutdown().await;
            return Err(fault);
        }
        pool.ground.tasks.spawn(Arc::clone(&pool).maintain());
        pool.ground.tasks.spawn(watchdog::watch(Arc::clone(&pool)));
        let dedicated = Arc::new(Dedicated::new(&pool.ground.config));
        Ok(Self { pool, dedicated })
    }

    /// Pids of the browsers running now, for tests and operators.
    pub fn pids(&self) -> Vec<u32> {
        self.pool.pids().into_iter().chain(self.dedicated.pids()).collect()
    }

    /// Pages ready to be handed out.
    pub fn warm_pages(&self) -> usize {
        self.pool.warm_pages()
    }
}

impl Backend for Chromium {
    fn open(&self, wanted: Wanted, deadline: Instant) -> BoxFuture<'_, Result<OpenPage, Fault>> {
        async move {
            if wanted.options.cdp || wanted.options.bypass_bot_detection {
                return Arc::clone(&self.dedicated).open(&self.pool, wanted, deadline).await;
            }
            let (browser, OpenPage { page, events, lines }) = self.pool.open(deadline).await?;
            page.route_through(wanted.upstream);
            let page = Pooled { page, browser, pool: Arc::clone(&self.pool), closed: AtomicBool::new(false) };
            Ok(OpenPage { page: Arc::new(page), events, lines })
        }
        .boxed()
    }

    fn lacks(&self, options: SessionOptions) -> Option<Lack> {
        match &self.pool.ground.config.bypass {
            _ if !options.bypass_bot_detection => None,
            None => Some(Lack::Bypass),
            Some(BypassBrowser::Elsewhere(_)) if options.proxy => Some(Lack::BypassThroughProxy),
            Some(_) => None,
        }
    }

    fn judge_upstream(&self, upstream: &Upstream) -> Result<(), Why> {
        self.pool.ground.guard.judge_upstream(upstream)
    }

    fn health(&self) -> Result<(), String> {
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

/// A page that tells its pool when it works and when it is done.
#[derive(Debug)]
struct Pooled {
    page: Arc<dyn Page>,
    browser: Arc<Browser>,
    pool: Arc<Pool>,
    closed: AtomicBool,
}

impl Page for Pooled {
    fn perform(self: Arc<Self>, action: Action, deadline: Instant) -> BoxFuture<'static, Result<Outcome, Fault>> {
        async move {
            let _busy = Busy::count(&self.pool.busy);
            Arc::clone(&self.page).perform(action, deadline).await
        }
        .boxed()
    }

    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Arc::clone(&self.page).give_up()
    }

    fn screencast(self: Arc<Self>, settings: Screencast) -> BoxStream<'static, ViewFrame> {
        Arc::clone(&self.page).screencast(settings)
    }

    fn lost(&self) -> BoxFuture<'static, LostReason> {
        self.page.lost()
    }

    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, Fault>> {
        Arc::clone(&self.page).connect()
    }

    fn traffic(&self) -> Option<Traffic> {
        self.page.traffic()
    }

    fn route_through(&self, upstream: Option<Upstream>) {
        self.page.route_through(upstream);
    }

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        // A task of its own: the context is closed even when nobody waits for it any longer.
        let (done, closed) = tokio::sync::oneshot::channel();
        self.pool.ground.tasks.clone().spawn(async move {
            Arc::clone(&self.page).close().await;
            self.release();
            let _ = done.send(()); // nobody waits any longer
        });
        async move {
            let _ = closed.await; // the pool is shut down: everything is closed
        }
        .boxed()
    }
}

impl Pooled {
    fn release(&self) {
        if !self.closed.swap(true, Ordering::Relaxed) {
            self.pool.released(&self.browser);
        }
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.release();
    }
}

/// Counts a running action while it lives.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn count(running: &Arc<AtomicUsize>) -> Self {
        running.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(running))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
