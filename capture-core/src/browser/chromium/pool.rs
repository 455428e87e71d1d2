//! Browsers and the pages kept ready in them.
//!
//! One task keeps the pool full, replaces browsers that died or grew old, and remembers why one would not start. A
//! used page is never handed out again.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use super::{
    browser::Browser,
    context::{Context, Kind},
    ground::Ground,
    ports, process, setup,
};
use crate::browser::{Fault, OpenPage};

/// How long refilling waits for running actions to end, before it goes ahead all the same.
const YIELD: Duration = Duration::from_millis(500);
/// Between two looks at the browsers' age and memory.
const INSPECT: Duration = Duration::from_secs(15);
/// Pauses after a browser did not start.
const BACKOFF: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15)];
/// How long opening a page ahead of time may take.
const WARM_TIMEOUT: Duration = Duration::from_secs(20);

/// A page with the browser it lives in.
#[derive(Debug)]
struct Warm {
    browser: Arc<Browser>,
    page: OpenPage,
}

/// The pool of one backend.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) ground: Ground,
    state: Mutex<State>,
    /// One browser starts at a time: whoever waits finds it started.
    starting: tokio::sync::Mutex<()>,
    wake: Notify,
    /// Actions running now.
    pub(super) busy: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct State {
    browsers: Vec<Arc<Browser>>,
    warm: VecDeque<Warm>,
    failure: Option<String>,
    failures: usize,
}

impl Pool {
    pub(super) fn new(ground: Ground) -> Self {
        Self {
            ground,
            state: Mutex::default(),
            starting: tokio::sync::Mutex::new(()),
            wake: Notify::new(),
            busy: Arc::default(),
        }
    }

    /// A fresh page, ready where one is.
    pub(super) async fn open(self: &Arc<Self>, deadline: Instant) -> Result<(Arc<Browser>, OpenPage), Fault> {
        let ready = self.take_warm();
        self.wake.notify_one();
        if let Some(Warm { browser, page }) = ready {
            return Ok((browser, page));
        }
        let browser = match tokio::time::timeout_at(deadline, self.browser()).await {
            Ok(browser) => browser?,
            Err(_elapsed) => return Err(Fault::Unavailable(self.why_not("no browser started in time"))),
        };
        let page = self.open_in(&browser, deadline).await?;
        Ok((browser, page))
    }

    /// Why there is no browser, if there is none.
    pub(super) fn health(&self) -> Result<(), String> {
        let state = self.state.lock();
        let usable = state.browsers.iter().any(|browser| browser.lost_reason().is_none());
        match &state.failure {
            Some(why) if !usable => Err(why.clone()),
            None if !usable => Err("no browser has started yet".to_owned()),
            _ => Ok(()),
        }
    }

    /// Pages ready to be handed out.
    pub(super) fn warm_pages(&self) -> usize {
        self.state.lock().warm.len()
    }

    /// Pids of the browsers running now.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.state.lock().browsers.iter().filter_map(|browser| browser.pid()).collect()
    }

    /// A session's page was closed: its browser has room again, or is done.
    pub(super) fn released(&self, browser: &Browser) {
        browser.open.fetch_sub(1, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Ends every browser and waits until all are gone.
    pub(super) async fn shutdown(&self) {
        self.ground.tasks.stop();
        let browsers = {
            let mut state = self.state.lock();
            state.warm.clear();
            std::mem::take(&mut state.browsers)
        };
        futures::future::join_all(browsers.iter().map(|browser| browser.close())).await;
        self.ground.tasks.finish(Duration::from_secs(5)).await;
        self.ground.guard.shutdown().await;
    }

    fn take_warm(&self) -> Option<Warm> {
        let mut state = self.state.lock();
        while let Some(warm) = state.warm.pop_front() {
            if warm.browser.lost_reason().is_none() {
                return Some(warm);
            }
            warm.browser.open.fetch_sub(1, Ordering::Relaxed);
        }
        None
    }

    fn why_not(&self, default: &str) -> String {
        self.state.lock().failure.clone().unwrap_or_else(|| default.to_owned())
    }

    /// Opens a page in a browser whose place was taken already.
    async fn open_in(&self, browser: &Arc<Browser>, deadline: Instant) -> Result<OpenPage, Fault> {
        let place = Place(browser);
        let context = Context::create(browser, deadline).await?;
        let page = setup::open_page(context, deadline, &self.ground.tasks).await?;
        place.keep();
        Ok(page)
    }

    /// A browser with a place taken in it: one that runs, or a new one.
    async fn browser(&self) -> Result<Arc<Browser>, Fault> {
        if let Some(browser) = self.place_in_running() {
            return Ok(browser);
        }
        let _one_at_a_time = self.starting.lock().await;
        if let Some(browser) = self.place_in_running() {
            return Ok(browser);
        }
        match self.start().await {
            Ok(browser) => {
                take_place(&browser);
                let mut state = self.state.lock();
                state.failure = None;
                state.failures = 0;
                state.browsers.push(Arc::clone(&browser));
                Ok(browser)
            }
            Err(fault) => {
                let mut state = self.state.lock();
                state.failures += 1;
                state.failure = Some(fault.to_string());
                tracing::warn!(%fault, failures = state.failures, "browser did not start");
                Err(fault)
            }
        }
    }

    /// Starts a shared browser: what belongs to no session has no network.
    async fn start(&self) -> Result<Arc<Browser>, Fault> {
        let shut = self.ground.guard.open_shut().await.map_err(|error| ports::refused(&error))?;
        let uid = process::browser_uid(&self.ground.config);
        Browser::start(&self.ground, &self.ground.program, shut, Kind::Shared, uid).await
    }

    /// The emptiest running browser that takes another session.
    fn place_in_running(&self) -> Option<Arc<Browser>> {
        let state = self.state.lock();
        let (room, life) = (self.ground.config.pages_per_browser(), self.ground.config.sessions_per_browser());
        let fits = state.browsers.iter().filter(|browser| {
            let young = browser.opened.load(Ordering::Relaxed) < life;
            browser.lost_reason().is_none() && !browser.is_retiring() && young && pages(browser) < room
        });
        let browser = fits.min_by_key(|browser| pages(browser))?;
        take_place(browser);
        Some(Arc::clone(browser))
    }

    /// Starts the first browser and opens the pages to be kept ready.
    pub(super) async fn warm_up(&self) -> Result<(), Fault> {
        let browser = self.browser().await?;
        browser.open.fetch_sub(1, Ordering::Relaxed);
        browser.opened.fetch_sub(1, Ordering::Relaxed);
        self.refill().await;
        self.health().map_err(Fault::Unavailable)
    }

    /// Keeps the pool full until it is shut down.
    pub(super) async fn maintain(self: Arc<Self>) {
        let mut inspected = Instant::now();
        loop {
            let pause = self.refill().await;
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
                () = self.ground.tasks.stopped() => return,
            }
            self.bury().await;
            if inspected.elapsed() >= INSPECT {
                inspected = Instant::now();
                self.inspect().await;
            }
        }
    }

    /// Opens pages until enough are ready; how long to rest before the next look.
    async fn refill(&self) -> Duration {
        while self.warm_pages() < self.ground.config.warm_pages {
            self.yield_to_actions().await;
            let opened = async {
                let browser = self.browser().await?;
                let page = self.open_in(&browser, Instant::now() + WARM_TIMEOUT).await?;
                Ok::<Warm, Fault>(Warm { browser, page })
            };
            let opened = tokio::select! {
                opened = opened => opened,
                () = self.ground.tasks.stopped() => return Duration::ZERO,
            };
            match opened {
                Ok(warm) => self.state.lock().warm.push_back(warm),
                Err(fault) => {
                    tracing::debug!(%fault, "no page could be opened ahead of time");
                    let failures = self.state.lock().failures;
                    return BACKOFF.get(failures.saturating_sub(1)).copied().unwrap_or(Duration::from_secs(15));
                }
            }
        }
        INSPECT
    }

    /// Waits for a moment without running actions, but not for ever.
    async fn yield_to_actions(&self) {
        let give_up = Instant::now() + YIELD;
        while self.busy.load(Ordering::Relaxed) > 0 && Instant::now() < give_up {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Drops browsers that died, and closes those that are done.
    async fn bury(&self) {
        let done = {
            let mut state = self.state.lock();
            let life = self.ground.config.sessions_per_browser();
            for warm in std::mem::take(&mut state.warm) {
                if warm.browser.lost_reason().is_none() && !warm.browser.is_retiring() {
                    state.warm.push_back(warm);
                } else {
                    warm.browser.open.fetch_sub(1, Ordering::Relaxed);
                }
            }
            let is_done = |browser: &Arc<Browser>| {
                let old = browser.is_retiring() || browser.opened.load(Ordering::Relaxed) >= life;
                browser.lost_reason().is_some() || (old && pages(browser) == 0)
            };
            let (done, kept) = std::mem::take(&mut state.browsers).into_iter().partition(is_done);
            state.browsers = kept;
            done
        };
        let done: Vec<Arc<Browser>> = done;
        futures::future::join_all(done.iter().map(|browser| browser.close())).await;
    }

    /// Retires browsers without a page, as long as another one takes sessions. One that gets a session just now closes after it.
    fn retire_idle(&self, browsers: &[Arc<Browser>]) {
        let life = self.ground.config.sessions_per_browser();
        let serves = |browser: &&Arc<Browser>| {
            !browser.is_retiring() && browser.lost_reason().is_none() && browser.opened.load(Ordering::Relaxed) < life
        };
        let mut serving = browsers.iter().filter(serves).count();
        for browser in browsers.iter().filter(serves).filter(|browser| pages(browser) == 0) {
            if serving > 1 {
                tracing::info!(pid = browser.pid(), "an idle browser retires");
                browser.retire();
                self.wake.notify_one();
                serving -= 1;
            }
        }
    }

    /// Retires browsers that have served their number of sessions and hold nothing but pages nobody has asked for yet: those
    /// are opened again elsewhere.
    fn retire_used_up(&self, browsers: &[Arc<Browser>]) {
        let life = self.ground.config.sessions_per_browser();
        for browser in browsers.iter().filter(|browser| !browser.is_retiring()) {
            let unused = self.state.lock().warm.iter().filter(|warm| Arc::ptr_eq(&warm.browser, browser)).count();
            if browser.opened.load(Ordering::Relaxed) >= life && pages(browser) == unused {
                tracing::info!(pid = browser.pid(), "a used-up browser retires");
                browser.retire();
                self.wake.notify_one();
            }
        }
    }

    /// Retires browsers that are too old, too large, used up, or idle beside another one.
    async fn inspect(&self) {
        let browsers = self.state.lock().browsers.clone();
        self.retire_used_up(&browsers);
        self.retire_idle(&browsers);
        let retire = self.ground.config.retire;
        for browser in browsers {
            let aged = browser.started.elapsed() > retire.max_age;
            let measured = Arc::clone(&browser);
            let memory = tokio::task::spawn_blocking(move || measured.memory_bytes()).await.unwrap_or(0);
            if aged || memory > retire.max_memory_bytes {
                tracing::info!(pid = browser.pid(), aged, memory_bytes = memory, "browser retires");
                browser.retire();
                self.wake.notify_one();
            }
        }
    }
}

/// How many pages it shows or is about to.
fn pages(browser: &Browser) -> usize {
    browser.open.load(Ordering::Relaxed)
}

fn take_place(browser: &Browser) {
    browser.open.fetch_add(1, Ordering::Relaxed);
    browser.opened.fetch_add(1, Ordering::Relaxed);
}

/// A place in a browser, given back unless a page took it.
struct Place<'a>(&'a Browser);

impl Place<'_> {
    fn keep(self) {
        let _kept = std::mem::ManuallyDrop::new(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
