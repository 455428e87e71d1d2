//! Browsers and the pages kept ready in them.
//!
//! Users do not share a browser, unless the operator says so: whole browsers are kept ready, each with a page, and the
//! first session of a user takes one, which is then his until it is closed, a little after his last session. A used
//! page is never handed out again.

mod assignment;
mod charges;
pub(super) mod dedicated;
mod maintain;
mod place;
mod start;
#[cfg(test)]
mod tests;
pub(super) mod watchdog;

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
    sync::{Notify, Semaphore},
    time::Instant,
};

use self::{
    assignment::{Assignment, BrowserId, Claim, Rules},
    place::Place,
    start::Starting,
};
use super::{
    config::{ChromiumConfig, Isolation},
    instance::{browser::Browser, context::Context},
    page::target_setup,
    process::runtime::Ground,
};
use crate::browser::{Fault, IsolationKey, OpenPage};

/// Browsers that start at once beyond one a core: a start keeps its core busy nearly all the time, and one that waits
/// for its turn is there no later than if all went slower.
const MORE_STARTS: usize = 1;

/// The pool of one backend.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) ground: Ground,
    state: Mutex<State>,
    /// Turns of browsers that start, first come first served: a user has at most one that is not full.
    starts: Semaphore,
    wake: Notify,
    /// Actions running now.
    busy: Arc<AtomicUsize>,
    /// Sessions being opened now.
    creating: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct State {
    assignment: Assignment,
    /// Everything the assignment knows of.
    browsers: HashMap<BrowserId, Member>,
    /// Why the last start failed, how many failed in a row, and before when none is tried ahead of time.
    failure: Option<String>,
    failures: usize,
    rest_until: Instant,
}

#[derive(Debug)]
enum Member {
    Starting(Starting),
    Running { browser: Arc<Browser>, ready: Vec<OpenPage> },
}

/// What a session that got a place goes on with.
#[derive(Debug)]
enum Found {
    Page(OpenPage),
    Browser(Arc<Browser>),
    Starting(Starting),
}

impl Pool {
    pub(super) fn new(ground: Ground) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let state = State {
            assignment: Assignment::new(rules(&ground.config, cores)),
            browsers: HashMap::new(),
            failure: None,
            failures: 0,
            rest_until: Instant::now(),
        };
        Arc::new(Self {
            ground,
            state: Mutex::new(state),
            starts: Semaphore::new(cores + MORE_STARTS),
            wake: Notify::new(),
            busy: Arc::default(),
            creating: Arc::default(),
        })
    }

    /// A fresh page, ready where one is, in a browser for this key.
    pub(super) async fn open(self: &Arc<Self>, key: &IsolationKey, deadline: Instant) -> Result<OpenPage, Fault> {
        let _creating = Counted::new(&self.creating);
        let (place, found) = self.claim(key);
        self.wake.notify_one();
        let browser = match found {
            Found::Page(page) => return Ok(place::hold(page, place, self)),
            Found::Browser(browser) => browser,
            Found::Starting(starting) => self.started(starting, deadline).await?,
        };
        let page = self.open_in(&browser, deadline).await?;
        Ok(place::hold(page, place, self))
    }

    /// Why there is no browser, if there is none.
    pub(super) fn health(&self) -> Result<(), String> {
        let state = self.look();
        let shared = self.ground.config.isolation == Isolation::Context;
        match &state.failure {
            _ if state.assignment.has_one_for_anybody() => Ok(()),
            Some(why) => Err(why.clone()),
            None if shared => Err("no browser has started yet".to_owned()),
            None => Ok(()), // all that run have their users; another one starts when it is needed
        }
    }

    /// Pages ready to be handed out.
    pub(super) fn warm_pages(&self) -> usize {
        self.look().assignment.ready_pages()
    }

    /// Pids of the browsers running now.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.running().iter().filter_map(|(_, browser)| browser.pid()).collect()
    }

    /// Ends every browser and waits until all are gone.
    pub(super) async fn shutdown(&self) {
        self.ground.tasks.stop();
        let browsers = self.running();
        self.state.lock().browsers.clear();
        futures::future::join_all(browsers.iter().map(|(_, browser)| browser.close())).await;
        self.ground.tasks.finish(Duration::from_secs(5)).await;
        self.ground.guard.shutdown().await;
    }

    /// The state as it is now: browsers die and retire by themselves.
    fn look(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.catch_up();
        state
    }

    fn running(&self) -> Vec<(BrowserId, Arc<Browser>)> {
        let state = self.state.lock();
        let running = state.browsers.iter().filter_map(|(id, member)| match member {
            Member::Running { browser, .. } => Some((*id, Arc::clone(browser))),
            Member::Starting(_) => None,
        });
        running.collect()
    }

    /// A place for a session of this user, and what it goes on with.
    fn claim(self: &Arc<Self>, key: &IsolationKey) -> (Place, Found) {
        let mut state = self.look();
        let (id, claim) = state.assignment.claim(key);
        let place = Place::new(self, id);
        let found = match state.browsers.get_mut(&id) {
            Some(Member::Running { browser, ready }) => match ready.pop() {
                Some(page) if claim == Claim::Ready => Found::Page(page),
                _ => Found::Browser(Arc::clone(browser)),
            },
            Some(Member::Starting(starting)) => Found::Starting(starting.clone()),
            None => Found::Starting(self.begin_start(&mut state, id)),
        };
        (place, found)
    }

    /// Opens a page in a browser where a place is taken.
    async fn open_in(&self, browser: &Arc<Browser>, deadline: Instant) -> Result<OpenPage, Fault> {
        let Ok(_turn) = tokio::time::timeout_at(deadline, browser.turns().acquire()).await else {
            return Err(Fault::Unavailable("the pages before this one were not opened in time".to_owned()));
        };
        let context = Context::create(browser, deadline).await?;
        target_setup::open_page(context, deadline, &self.ground.tasks).await
    }

    /// The browser, once it has started.
    async fn started(&self, mut starting: Starting, deadline: Instant) -> Result<Arc<Browser>, Fault> {
        let started = tokio::time::timeout_at(deadline, starting.wait_for(Option::is_some)).await;
        let why = match started {
            Ok(Ok(started)) => match &*started {
                Some(Ok(browser)) => return Ok(Arc::clone(browser)),
                Some(Err(why)) => why.clone(),
                None => "the server is shutting down".to_owned(),
            },
            Ok(Err(_stopped)) => "the server is shutting down".to_owned(),
            Err(_elapsed) => {
                self.state.lock().failure.clone().unwrap_or_else(|| "no browser started in time".to_owned())
            }
        };
        Err(Fault::Unavailable(why))
    }

    /// Closes browsers that are done, beside everything else.
    fn close_done(&self) {
        let mut state = self.look();
        let done = state.assignment.take_done(Instant::now());
        self.close_all(&mut state, done);
    }

    /// Closes those that only wait for their users' next sessions.
    fn close_idle(&self) {
        let mut state = self.look();
        let idle = state.assignment.take_idle(0);
        self.close_all(&mut state, idle);
    }

    fn close_all(&self, state: &mut State, browsers: Vec<BrowserId>) {
        for id in browsers {
            if let Some(Member::Running { browser, .. }) = state.browsers.remove(&id) {
                self.ground.tasks.spawn(async move { browser.close().await });
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

/// Counts something while it lives.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
