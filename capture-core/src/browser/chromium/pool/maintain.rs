//! Makes browsers and pages ready ahead of time, and retires browsers.
//!
//! What is made ready is decided in `assignment.rs`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    assignment::{Ahead, BrowserId},
    browsers::{Member, Pool},
};
use crate::browser::{
    Unavailable,
    chromium::{instance::browser::Browser, process::memory},
};

/// How long making ready waits for running actions and creates, since it would take the cores from them, before it
/// proceeds anyway.
const YIELD: Duration = Duration::from_millis(500);
const YIELD_TO_CREATES: Duration = Duration::from_secs(5);
/// Interval at which it checks for them. It also waits this long before the first check: for the pool a create ends
/// when it has its page, and the next page would take the cores from what remains to be done until the client is
/// answered.
const YIELD_CHECK: Duration = Duration::from_millis(10);
/// Interval at which the browsers' age and memory are checked.
const INSPECT: Duration = Duration::from_secs(15);
/// Timeout of the first filling. By then it is known whether a browser starts.
const WARM_UP: Duration = Duration::from_secs(30);
/// Timeout of opening a page ahead of time.
const WARM_TIMEOUT: Duration = Duration::from_secs(20);
/// Free memory in bytes below which nothing is made ready. Creates continue below it.
const SPARE_MEMORY: u64 = 512 << 20;
/// Pause before opening a page ahead of time is retried in a browser where it failed.
const PAGE_BACKOFF: Duration = Duration::from_secs(1);

impl Pool {
    /// Starts what must be ready before the first session. Waits a bounded time until at least one browser runs.
    pub(crate) async fn warm_up(self: &Arc<Self>) -> Result<(), Unavailable> {
        let filled = async {
            loop {
                self.make_ready();
                if self.look().assignment.is_full() {
                    return Ok(());
                }
                self.wake.notified().await;
                if let Some(why) = self.state.lock().failure.clone() {
                    return Err(why);
                }
            }
        };
        tokio::time::timeout(WARM_UP, filled).await.unwrap_or_else(|_elapsed| self.health())
    }

    /// Keeps the pool full until it is shut down.
    pub(crate) async fn maintain(self: Arc<Self>) {
        let mut inspected = Instant::now();
        loop {
            if memory::available_bytes().is_none_or(|left| left >= SPARE_MEMORY) {
                self.make_ready();
            } else {
                self.close_idle();
            }
            let pause = self.pause();
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep_until(pause) => {}
                () = self.runtime.tasks.stopped() => return,
            }
            if inspected.elapsed() >= INSPECT {
                inspected = Instant::now();
                self.inspect().await;
            }
            self.close_done();
            tokio::select! {
                () = self.yield_to_work() => {}
                () = self.runtime.tasks.stopped() => return,
            }
        }
    }

    /// Until when there is nothing to do, unless an event occurs.
    fn pause(&self) -> Instant {
        let (state, now) = (self.state.lock(), Instant::now());
        let rest_until = Some(state.rest_until).filter(|until| *until > now);
        [rest_until, state.assignment.next_done()].into_iter().flatten().fold(now + INSPECT, Instant::min)
    }

    /// Begins everything that must be made ready and has not begun.
    fn make_ready(self: &Arc<Self>) {
        let mut state = self.look();
        if state.rest_until > Instant::now() {
            return;
        }
        while let Some(ahead) = state.assignment.ahead() {
            match ahead {
                Ahead::Browser(id) => drop(self.begin_start(&mut state, id)),
                Ahead::Page(id) => {
                    if let Some(Member::Running { browser, .. }) = state.browsers.get(&id) {
                        self.runtime.tasks.spawn(Arc::clone(self).open_ahead(id, Arc::clone(browser)));
                    }
                }
            }
        }
    }

    /// Opens a page ahead of time.
    async fn open_ahead(self: Arc<Self>, id: BrowserId, browser: Arc<Browser>) {
        let opened = tokio::select! {
            opened = self.open_in(&browser, Instant::now() + WARM_TIMEOUT) => opened,
            () = self.runtime.tasks.stopped() => return,
        };
        match opened {
            Ok(page) => {
                let mut state = self.look();
                let wanted = state.assignment.page_ready(id);
                if let (true, Some(Member::Running { ready, .. })) = (wanted, state.browsers.get_mut(&id)) {
                    ready.push(page);
                }
            }
            Err(error) => {
                let why = error.sentence();
                tracing::debug!(pid = browser.pid(), why, "no page could be opened ahead of time");
                tokio::select! {
                    () = tokio::time::sleep(PAGE_BACKOFF) => {}
                    _lost = browser.lost() => {}
                }
                self.look().assignment.page_not_ready(id);
            }
        }
        self.wake.notify_one();
    }

    /// Waits a bounded time for a moment without running actions and creates.
    async fn yield_to_work(&self) {
        let begun = Instant::now();
        let is_used = |count: &AtomicUsize| count.load(Ordering::Relaxed) > 0;
        let waits = || match begun.elapsed() {
            waited if waited < YIELD => is_used(&self.busy) || is_used(&self.creating),
            waited => waited < YIELD_TO_CREATES && is_used(&self.creating),
        };
        loop {
            tokio::time::sleep(YIELD_CHECK).await;
            if !waits() {
                return;
            }
        }
    }

    /// Retires browsers that are too old, too large, used up, or idle beside another one.
    async fn inspect(&self) {
        let superfluous = self.look().assignment.superfluous();
        let retire = self.runtime.config.retire;
        for (id, browser) in self.running() {
            if superfluous.contains(&id) {
                retired(&browser, "of no more use");
            } else if browser.started.elapsed() > retire.max_age {
                retired(&browser, "old");
            } else if is_large(&browser, retire.max_memory_bytes).await {
                retired(&browser, "large");
            }
        }
    }
}

fn retired(browser: &Browser, why: &str) {
    tracing::info!(pid = browser.pid(), why, "browser retires");
    browser.retire();
}

async fn is_large(browser: &Arc<Browser>, bound: u64) -> bool {
    let browser = Arc::clone(browser);
    tokio::task::spawn_blocking(move || browser.memory_bytes() > bound).await.unwrap_or(false)
}
