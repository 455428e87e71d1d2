//! The state of a session's page: its browser, its context and its tabs, and what it keeps between actions.
//!
//! Actions use it in `actions/`.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, watch},
    time::{Duration, Instant},
};

use super::{pictures::Pictures, refs::Refs, tab::Tab, tabs::Tabs};
use crate::{
    action::Point,
    browser::{
        BrowserError, LostReason,
        chromium::{
            cdp::CdpSession,
            console::log::ConsoleLog,
            instance::{browser::Browser, context::BrowserContext},
        },
    },
};

/// How long the event of a download may lag behind a navigation that led to no document and may have been one.
const POSSIBLE_DOWNLOAD_LAG: Duration = Duration::from_millis(150);

/// One context of a browser with its tabs.
#[derive(Debug)]
pub(crate) struct ChromiumPage {
    pub(crate) browser: Arc<Browser>,
    pub(crate) context: BrowserContext,
    pub(crate) tabs: Arc<watch::Sender<Tabs>>,
    pub(crate) console_log: Arc<Mutex<ConsoleLog>>,
    /// The pictures of the live view.
    pub(crate) pictures: Pictures,
    /// The refs of snapshots.
    pub(crate) refs: Mutex<Refs>,
    /// The position of the mouse.
    pub(crate) mouse: Mutex<Point>,
    /// Allows one picture at a time, because the browser continues with a picture when its action is given up.
    pub(crate) picturing: Arc<Semaphore>,
}

impl ChromiumPage {
    pub(crate) fn new(
        context: BrowserContext,
        tabs: Arc<watch::Sender<Tabs>>,
        console_log: Arc<Mutex<ConsoleLog>>,
        pictures: Pictures,
    ) -> Self {
        let browser = Arc::clone(&context.browser);
        let mouse = Mutex::new(Point { x: 0.0, y: 0.0 });
        let picturing = Arc::new(Semaphore::new(1));
        Self { browser, context, tabs, console_log, pictures, refs: Mutex::default(), mouse, picturing }
    }

    /// The active tab as a receiver of commands.
    pub(crate) fn active(&self) -> Result<CdpSession, BrowserError> {
        let tabs = self.tabs.borrow();
        tabs.active().map(|tab| tab.session.clone()).ok_or(BrowserError::Lost(LostReason::PageCrashed))
    }

    pub(crate) fn url(&self) -> String {
        self.tabs.borrow().active().map(|tab| tab.url.clone()).unwrap_or_default()
    }

    /// How often the active tab began to leave its document, and how often another document arrived.
    pub(crate) fn travels(&self) -> (u64, u64) {
        self.tabs.borrow().active().map(|tab| (tab.departures, tab.commits)).unwrap_or_default()
    }

    /// Waits for a usable tab: if a client has closed the last one, until a blank one has taken its place.
    pub(crate) async fn settled(&self, deadline: Instant) -> Result<(), BrowserError> {
        let ending =
            |tab: &Tab| self.context.is_whole() && self.browser.event_router().clients().is_ending(&tab.target);
        let there = |tab: &Tab| (tab.commits > 0 || tab.world().is_some()) && !ending(tab);
        let find = |tabs: &Tabs| match (tabs.lost, tabs.active()) {
            (Some(lost), _) => Some(Err(lost)),
            (None, active) => active.filter(|tab| there(tab)).map(|_| Ok(())),
        };
        self.found(find, deadline).await?.map_err(BrowserError::from)
    }

    /// Waits for the event of a download. A navigation that leads to no document may be one, which is reported a moment
    /// later.
    pub(crate) async fn download_told(&self) {
        let mut tabs = self.tabs.subscribe();
        let told = tabs.wait_for(|tabs| tabs.noticed.download.is_some() || tabs.lost.is_some());
        // without a download the server had nothing to show
        let _ = tokio::time::timeout(POSSIBLE_DOWNLOAD_LAG, told).await;
    }

    pub(crate) async fn whole_page_lost(&self) -> LostReason {
        whole_page_lost(&self.browser, &self.tabs).await
    }
}

pub(crate) async fn whole_page_lost(browser: &Browser, tabs: &watch::Sender<Tabs>) -> LostReason {
    let mut tabs = tabs.subscribe();
    tokio::select! {
        biased;
        reason = browser.lost() => reason,
        lost = tabs.wait_for(|tabs| tabs.lost.is_some()) => {
            lost.ok().and_then(|tabs| tabs.lost).unwrap_or(LostReason::PageCrashed)
        }
    }
}
