//! The browsers of a pool: those that start, those that run with their ready pages, and why one did not start.
//!
//! Opening pages, starting browsers and making ready are in the files beside this one.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::Instant,
};

use super::{
    assignment::{Assignment, BrowserId},
    entry::Rules,
    watchdog::Watched,
};
use crate::browser::{
    OpenPage, Unavailable,
    chromium::{
        config::{ChromiumConfig, Isolation},
        instance::browser::Browser,
        process::runtime::BrowserRuntime,
    },
};

/// Number of browsers that start concurrently, beyond one per core. A start keeps its core busy, so a browser that
/// waits for its turn is ready no later than if all starts were slower.
const MORE_STARTS: usize = 1;

/// The pool of one backend.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) runtime: Arc<BrowserRuntime>,
    /// The browsers whose memory and files are watched.
    pub(super) watched: Arc<Watched>,
    pub(super) state: Mutex<State>,
    /// Turns to start a browser, in order of arrival. A user has at most one browser that is not full.
    pub(super) starts: Semaphore,
    pub(super) wake: Notify,
    /// Number of running actions.
    pub(super) busy: Arc<AtomicUsize>,
    /// Number of sessions that are being opened.
    pub(super) creating: Arc<AtomicUsize>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) assignment: Assignment,
    /// All browsers that the assignment knows.
    pub(super) browsers: HashMap<BrowserId, Member>,
    /// Why the last start failed. The next two fields are the number of failures in a row, and the time before which no
    /// browser is started ahead of time.
    pub(super) failure: Option<Unavailable>,
    pub(super) failures: usize,
    pub(super) rest_until: Instant,
}

/// The browser, or why it did not start.
pub(super) type Started = Result<Arc<Browser>, Unavailable>;

/// The result of a start, for all who wait for it.
pub(super) type Starting = watch::Receiver<Option<Started>>;

#[derive(Debug)]
pub(super) enum Member {
    Starting(Starting),
    Running { browser: Arc<Browser>, ready: Vec<OpenPage> },
}

impl Pool {
    pub(crate) fn new(runtime: Arc<BrowserRuntime>, watched: Arc<Watched>) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let state = State {
            assignment: Assignment::new(rules(&runtime.config, cores)),
            browsers: HashMap::new(),
            failure: None,
            failures: 0,
            rest_until: Instant::now(),
        };
        Arc::new(Self {
            runtime,
            watched,
            state: Mutex::new(state),
            starts: Semaphore::new(cores + MORE_STARTS),
            wake: Notify::new(),
            busy: Arc::default(),
            creating: Arc::default(),
        })
    }

    /// Why there is no browser, if there is none.
    pub(crate) fn health(&self) -> Result<(), Unavailable> {
        let state = self.look();
        let shared = self.runtime.config.isolation == Isolation::Context;
        match &state.failure {
            _ if state.assignment.has_one_for_anybody() => Ok(()),
            Some(why) => Err(why.clone()),
            None if shared => Err(Unavailable::NoneYet),
            None => Ok(()), // all running browsers have users; another one is started when needed
        }
    }

    /// Number of pages that are ready.
    pub(crate) fn warm_pages(&self) -> usize {
        self.look().assignment.ready_pages()
    }

    /// Pids of the running browsers.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.running().iter().filter_map(|(_, browser)| browser.pid()).collect()
    }

    /// Ends every browser and waits until all are gone.
    pub(crate) async fn shutdown(&self) {
        self.runtime.tasks.stop();
        let browsers = self.running();
        self.state.lock().browsers.clear();
        futures::future::join_all(browsers.iter().map(|(_, browser)| browser.close())).await;
        self.runtime.tasks.finish(Duration::from_secs(5)).await;
        self.runtime.guard.shutdown().await;
    }

    /// The current state, updated for browsers that died or retired by themselves.
    pub(super) fn look(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.catch_up();
        state
    }

    pub(super) fn running(&self) -> Vec<(BrowserId, Arc<Browser>)> {
        let state = self.state.lock();
        let running = state.browsers.iter().filter_map(|(id, member)| match member {
            Member::Running { browser, .. } => Some((*id, Arc::clone(browser))),
            Member::Starting(_) => None,
        });
        running.collect()
    }

    /// Closes the browsers that are done, in tasks of their own.
    pub(super) fn close_done(&self) {
        let mut state = self.look();
        let done = state.assignment.take_done(Instant::now());
        self.close_all(&mut state, done);
    }

    /// Closes the browsers that only wait for their users' next sessions.
    pub(super) fn close_idle(&self) {
        let mut state = self.look();
        let idle = state.assignment.take_idle(0);
        self.close_all(&mut state, idle);
    }

    fn close_all(&self, state: &mut State, browsers: Vec<BrowserId>) {
        for id in browsers {
            if let Some(Member::Running { browser, .. }) = state.browsers.remove(&id) {
                self.runtime.tasks.spawn(async move { browser.close().await });
            }
        }
    }
}

impl State {
    fn catch_up(&mut self) {
        let Self { assignment, browsers, .. } = self;
        browsers.retain(|id, member| match member {
            Member::Running { browser, .. } if browser.lost_reason().is_some() => {
                assignment.lost(*id);
                false
            }
            Member::Running { browser, ready } if browser.is_retiring() => {
                ready.clear();
                assignment.retire(*id);
                true
            }
            _ => true,
        });
    }
}

fn rules(config: &ChromiumConfig, cores: usize) -> Rules {
    Rules {
        isolation: config.isolation,
        ready: config.warm_pages,
        room: config.pages_per_browser(),
        life: config.sessions_per_browser(),
        ready_below: config.usual_sessions_per_user,
        ahead: cores,
        idle: config.retire.idle,
        idle_browsers: config.warm_pages.max(cores),
    }
}

/// Counts something for as long as this value lives.
#[derive(Debug)]
pub(super) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(super) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
