//! Opens a page for a session: a page that is ready, or a new page in a browser that runs or starts.
//!
//! The browser is chosen in `assignment.rs`.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    browsers::{Counted, Member, Pool, Starting},
    entry::Claim,
    leased,
    slot::Slot,
};
use crate::browser::{
    BrowserError, IsolationKey, OpenPage, Unavailable,
    chromium::{
        instance::{browser::Browser, context::BrowserContext},
        page,
    },
};

/// What a session with a place continues with.
#[derive(Debug)]
enum Found {
    Page(OpenPage),
    Browser(Arc<Browser>),
    Starting(Starting),
}

impl Pool {
    /// A fresh page in a browser for this key, if possible one that is ready.
    pub(crate) async fn open(
        self: &Arc<Self>,
        key: &IsolationKey,
        deadline: Instant,
    ) -> Result<OpenPage, BrowserError> {
        let _creating = Counted::new(&self.creating);
        let (slot, found) = self.claim(key);
        self.wake.notify_one();
        let browser = match found {
            Found::Page(page) => return Ok(leased::hold(page, slot.lease(self))),
            Found::Browser(browser) => browser,
            Found::Starting(starting) => self.started(starting, deadline).await?,
        };
        let page = self.open_in(&browser, deadline).await?;
        Ok(leased::hold(page, slot.lease(self)))
    }

    /// Takes a place for a session of this user, and returns what it continues with.
    fn claim(self: &Arc<Self>, key: &IsolationKey) -> (Slot, Found) {
        let mut state = self.look();
        let (id, claim) = state.assignment.claim(key);
        let slot = Slot::new(self, id);
        let found = match state.browsers.get_mut(&id) {
            Some(Member::Running { browser, ready }) => match ready.pop() {
                Some(page) if claim == Claim::Ready => Found::Page(page),
                _ => Found::Browser(Arc::clone(browser)),
            },
            Some(Member::Starting(starting)) => Found::Starting(starting.clone()),
            None => Found::Starting(self.begin_start(&mut state, id)),
        };
        (slot, found)
    }

    /// Opens a page in a browser in which a place was taken.
    pub(super) async fn open_in(&self, browser: &Arc<Browser>, deadline: Instant) -> Result<OpenPage, BrowserError> {
        let Ok(_turn) = tokio::time::timeout_at(deadline, browser.turns().acquire()).await else {
            return Err(Unavailable::Late("the pages before this one were not opened in time").into());
        };
        let context = BrowserContext::create(browser, deadline).await?;
        page::open::open_page(context, deadline, &self.runtime.tasks, self.runtime.clock).await
    }

    /// The browser, once it has started.
    async fn started(&self, mut starting: Starting, deadline: Instant) -> Result<Arc<Browser>, Unavailable> {
        let started = tokio::time::timeout_at(deadline, starting.wait_for(Option::is_some)).await;
        let why = match started {
            Ok(Ok(started)) => match &*started {
                Some(Ok(browser)) => return Ok(Arc::clone(browser)),
                Some(Err(why)) => why.clone(),
                None => Unavailable::ShuttingDown,
            },
            Ok(Err(_stopped)) => Unavailable::ShuttingDown,
            Err(_elapsed) => {
                self.state.lock().failure.clone().unwrap_or(Unavailable::Late("no browser started in time"))
            }
        };
        Err(why)
    }
}
