//! A session's page: from an action to the function that does it, and what happened meanwhile.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, watch},
    time::{Duration, Instant},
};

use super::{
    bridge,
    browser::Browser,
    cdp::{CdpSession, commands},
    context::Context,
    journal::Journal,
    screencast::{self, Pictures},
    snapshot::Refs,
    tab::{Leaving, Tab},
    tabs::{Noticed, Tabs},
    world::{DOCUMENT_GONE, NoAnswer, World},
};
use crate::{
    account::UserId,
    action::{Action, ActionResult, Deed, Effects, Outcome, Point, Screenshot, TabReport, Tells},
    browser::{CdpClient, Fault, LostReason, Page, Screencast, ViewFrame},
    egress::{Traffic, Upstream},
};

/// How long a tab the page asked for may take to appear, and then to show its document.
const TAB_APPEARS: Duration = Duration::from_millis(500);
const TAB_LOADS: Duration = Duration::from_secs(3);
/// How long the news of a download may lag behind the navigation it ended.
const DOWNLOAD_LAG: Duration = Duration::from_millis(150);
/// How long the news that the whole page is lost may lag behind the first command that failed.
const LOSS_LAG: Duration = Duration::from_millis(500);
/// Why an action failed whose tab went away.
const TAB_GONE: &str = "tab_gone";
/// How often what only reads is begun anew: once for the document a client left, once for the page it closed.
const READ_AGAIN: usize = 2;

/// One context of a browser with its tabs.
#[derive(Debug)]
pub(super) struct ChromiumPage {
    pub(super) browser: Arc<Browser>,
    pub(super) context: Context,
    pub(super) tabs: Arc<watch::Sender<Tabs>>,
    pub(super) journal: Arc<Mutex<Journal>>,
    /// For the live view.
    pub(super) pictures: Pictures,
    /// Refs of snapshots.
    pub(super) refs: Mutex<Refs>,
    /// Where the mouse is.
    pub(super) mouse: Mutex<Point>,
    /// One picture at a time: the browser goes on with it when its action is given up.
    pub(super) picturing: Arc<Semaphore>,
}

impl ChromiumPage {
    pub(super) fn new(
        context: Context,
        tabs: Arc<watch::Sender<Tabs>>,
        journal: Arc<Mutex<Journal>>,
        pictures: Pictures,
    ) -> Self {
        let browser = Arc::clone(&context.browser);
        let mouse = Mutex::new(Point { x: 0.0, y: 0.0 });
        let picturing = Arc::new(Semaphore::new(1));
        Self { browser, context, tabs, journal, pictures, refs: Mutex::default(), mouse, picturing }
    }

    /// The active tab as a place to send commands to.
    pub(super) fn active(&self) -> Result<CdpSession, Fault> {
        let tabs = self.tabs.borrow();
        tabs.active().map(|tab| tab.session.clone()).ok_or(Fault::Lost(LostReason::PageCrashed))
    }

    pub(super) fn url(&self) -> String {
        self.tabs.borrow().active().map(|tab| tab.url.clone()).unwrap_or_default()
    }

    /// How often the active tab was asked to leave its document, and how often another one came.
    pub(super) fn travels(&self) -> (u64, u64) {
        self.tabs.borrow().active().map(|tab| (tab.departures, tab.commits)).unwrap_or_default()
    }

    /// An action in the tab that is active now.
    async fn perform_here(&self, action: Action, deadline: Instant) -> Result<Outcome, Fault> {
        let result = tokio::select! {
            biased;
            reason = self.whole_page_lost() => return Err(reason.into()),
            result = self.act(action, deadline) => result,
            never = self.answer_for_clients() => match never {},
        };
        match result.map_err(|fault| self.naming_dialog(fault)) {
            // One tab went away. If that was the whole page, the session learns it; else the action failed.
            Err(Fault::Lost(_)) => match tokio::time::timeout(LOSS_LAG, self.whole_page_lost()).await {
                Ok(reason) => Err(reason.into()),
                Err(_only_a_tab) => Err(Fault::Failed {
                    message: "the tab this action worked on closed or crashed".to_owned(),
                    reason: Some(TAB_GONE.to_owned()),
                    details: serde_json::Map::new(),
                    outcome: crate::error::RunOutcome::Unknown,
                }),
            },
            result => result,
        }
    }

    async fn act(&self, action: Action, deadline: Instant) -> Result<Outcome, Fault> {
        self.settled(deadline).await?;
        if let Some(change) = action.viewport {
            self.resize(change).await?;
        }
        let before = self.url();
        let travels = self.travels();
        let tells = action.kind().tells();
        self.tabs.send_modify(|tabs| {
            tabs.noticed = Noticed::default();
            if let Some(tab) = tabs.open.last_mut() {
                tab.acted_on |= tells != Tells::Nothing;
            }
        });
        let result = self.perform_deed(action.deed, deadline).await?;
        if tells == Tells::NavigationAndUrl {
            self.arrive(travels, deadline).await;
        }
        let effects = self.effects(&before, tells, deadline).await;
        let screenshot = if action.screenshot {
            let taken = self.screenshot(&Screenshot::default(), deadline).await;
            Some(taken.map_err(Fault::after_the_action)?)
        } else {
            None
        };
        Ok(Outcome { result, effects, screenshot })
    }

    /// Waits for the page to work on, where a client closes it or has closed it: until a blank one has taken its place.
    pub(super) async fn settled(&self, deadline: Instant) -> Result<(), Fault> {
        let ending = |tab: &Tab| self.context.is_whole() && self.browser.routes().clients().is_ending(&tab.target);
        let there = |tab: &Tab| (tab.commits > 0 || tab.world().is_some()) && !ending(tab);
        let find = |tabs: &Tabs| match (tabs.lost, tabs.active()) {
            (Some(lost), _) => Some(Err(lost)),
            (None, active) => active.filter(|tab| there(tab)).map(|_| Ok(())),
        };
        self.found(find, deadline).await?.map_err(Fault::from)
    }

    async fn perform_deed(&self, deed: Deed, deadline: Instant) -> Result<ActionResult, Fault> {
        match deed {
            Deed::Goto(goto) => self.goto(&goto, deadline).await,
            Deed::Back(travel) => self.back(travel, deadline).await,
            Deed::Forward(travel) => self.forward(travel, deadline).await,
            Deed::Reload(travel) => self.reload(travel, deadline).await,
            Deed::Title => self.title(deadline).await,
            Deed::Url => Ok(ActionResult::Url { url: self.url() }),
            Deed::Screenshot(screenshot) => Ok(ActionResult::Screenshot(self.screenshot(&screenshot, deadline).await?)),
            Deed::WaitForSelector(wait) => self.wait_for_selector(&wait, deadline).await,
            Deed::WaitForTimeout(wait) => Ok(self.wait_for_timeout(wait).await),
            Deed::Click(click) => self.click(&click, deadline).await,
            Deed::Hover(hover) => self.hover(&hover, deadline).await,
            Deed::MoveMouse(movement) => self.move_mouse(movement, deadline).await,
            Deed::DragMouse(drag) => self.drag_mouse(&drag, deadline).await,
            Deed::CursorPosition => Ok(ActionResult::Mouse(*self.mouse.lock())),
            Deed::Type(typed) => self.type_into(&typed, deadline).await,
            Deed::TypeText(typed) => self.type_text(&typed, deadline).await,
            Deed::Fill(fill) => self.fill(&fill, deadline).await,
            Deed::Select(select) => self.select(&select, deadline).await,
            Deed::Check(check) => self.check(&check, deadline).await,
            Deed::Press(press) => self.press_key(&press, deadline).await,
            Deed::Scroll(scroll) => self.scroll(&scroll, deadline).await,
            Deed::Snapshot(snapshot) => self.snapshot(&snapshot, deadline).await,
            Deed::Console(console) => Ok(self.console(console)),
            Deed::Errors(errors) => Ok(self.errors(errors)),
            Deed::Content(content) => self.content(content, deadline).await,
            Deed::Query(query) => self.query(&query, deadline).await,
            Deed::Batch(_) => Err(Fault::Protocol("a page was given a batch".to_owned())),
        }
    }

    /// Where the page is on its way to another document since `before`, waits until that has come, or the way has ended.
    async fn arrive(&self, before: (u64, u64), deadline: Instant) {
        let mut tabs = self.tabs.subscribe();
        let stays = |tabs: &Tabs| tabs.lost.is_some() || tabs.active().is_none_or(|tab| tab.leaving == Leaving::No);
        if tokio::time::timeout_at(deadline, tabs.wait_for(stays)).await.is_err() {
            return; // a slow server: the reply says where the page still is
        }
        let (departures, commits) = self.travels();
        if departures > before.0 && commits == before.1 {
            self.download_told().await;
        }
    }

    /// A way that leads to no document may be a download, which says so a moment later.
    pub(super) async fn download_told(&self) {
        let mut tabs = self.tabs.subscribe();
        let told = tabs.wait_for(|tabs| tabs.noticed.download.is_some() || tabs.lost.is_some());
        let _ = tokio::time::timeout(DOWNLOAD_LAG, told).await; // none: the server had nothing to show
    }

    /// What happened since the action began. Waits, within bounds, for a tab it opened.
    async fn effects(&self, before: &str, tells: Tells, deadline: Instant) -> Effects {
        let new_tab = self.new_tab(deadline).await;
        let mut noticed = Noticed::default();
        self.tabs.send_if_modified(|tabs| {
            noticed = std::mem::take(&mut tabs.noticed);
            false
        });
        let url = self.url();
        let navigated = noticed.navigations > 0 || url != before;
        let Noticed { dialogs, download, .. } = noticed;
        let mut effects = Effects { dialogs, new_tab, download, ..Effects::default() };
        effects.told(tells, navigated, url);
        effects
    }

    async fn new_tab(&self, deadline: Instant) -> Option<TabReport> {
        if self.tabs.borrow().noticed.window.is_none() && self.tabs.borrow().noticed.tab.is_none() {
            return None;
        }
        let mut tabs = self.tabs.subscribe();
        let appears = deadline.min(Instant::now() + TAB_APPEARS);
        let appeared =
            tabs.wait_for(|tabs| tabs.noticed.tab.is_some() || tabs.noticed.window.is_none() || tabs.lost.is_some());
        tokio::time::timeout_at(appears, appeared).await.ok()?.ok()?;
        let loads = deadline.min(Instant::now() + TAB_LOADS);
        let shown = tabs.wait_for(|tabs| {
            let tab = tabs.open.iter().find(|tab| Some(&tab.key) == tabs.noticed.tab.as_ref());
            tabs.lost.is_some() || tab.is_none_or(|tab| tab.commits > 0)
        });
        let _ = tokio::time::timeout_at(loads, shown).await; // slow: its address is known from the request for it
        let tabs = self.tabs.borrow();
        tabs.noticed.tab.as_ref()?; // it was for a download, and is gone again
        let tab = tabs.open.iter().find(|tab| Some(&tab.key) == tabs.noticed.tab.as_ref());
        let url = match tab {
            Some(tab) if tab.commits > 0 => tab.url.clone(),
            _ => tabs.noticed.window.clone().unwrap_or_else(|| "about:blank".to_owned()),
        };
        Some(TabReport { url })
    }

    /// Tells the documents of the active tab that the action was given up; false when one was too busy to hear it.
    async fn halt(&self) -> bool {
        let worlds: Vec<World> = {
            let tabs = self.tabs.borrow();
            tabs.world().into_iter().chain(tabs.other_worlds()).collect()
        };
        // The answers are waited for beyond that for `ANSWER_GRACE`.
        let told = worlds.iter().map(|world| world.ask_any_time::<bool>("halt", Instant::now()));
        !futures::future::join_all(told).await.iter().any(|told| matches!(told, Err(NoAnswer::Late)))
    }

    async fn whole_page_lost(&self) -> LostReason {
        whole_page_lost(&self.browser, &self.tabs).await
    }
}

async fn whole_page_lost(browser: &Browser, tabs: &watch::Sender<Tabs>) -> LostReason {
    let mut tabs = tabs.subscribe();
    tokio::select! {
        biased;
        reason = browser.lost() => reason,
        lost = tabs.wait_for(|tabs| tabs.lost.is_some()) => {
            lost.ok().and_then(|tabs| tabs.lost).unwrap_or(LostReason::PageCrashed)
        }
    }
}

impl Page for ChromiumPage {
    fn perform(self: Arc<Self>, action: Action, deadline: Instant) -> BoxFuture<'static, Result<Outcome, Fault>> {
        async move {
            // What only reads is done again where a client closes the page under it, or leads it away while it closes.
            let reads = self.context.is_whole() && action.kind().tells() == Tells::Nothing;
            for _ in 0..if reads { READ_AGAIN } else { 0 } {
                match self.perform_here(action.clone(), deadline).await {
                    Err(fault) if matches!(fault.reason(), Some(TAB_GONE | DOCUMENT_GONE)) => {}
                    result => return result,
                }
            }
            self.perform_here(action, deadline).await
        }
        .boxed()
    }

    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            if let Ok(tab) = self.active()
                && !self.halt().await
            {
                drop(tab.send(&commands::terminate()));
                self.halt().await;
            }
        }
        .boxed()
    }

    fn screencast(self: Arc<Self>, settings: Screencast) -> BoxStream<'static, ViewFrame> {
        screencast::run(&self, settings)
    }

    fn lost(&self) -> BoxFuture<'static, LostReason> {
        let (browser, tabs) = (Arc::clone(&self.browser), Arc::clone(&self.tabs));
        async move { whole_page_lost(&browser, &tabs).await }.boxed()
    }

    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, Fault>> {
        async move {
            if !self.context.is_whole() {
                return Err(Fault::failed_for("no_cdp", "this session was not created with cdp"));
            }
            bridge::connect(&self.browser, &self.context.id).await
        }
        .boxed()
    }

    fn traffic(&self) -> Option<Traffic> {
        self.context.egress.as_ref().map(|egress| egress.traffic())
    }

    fn route_through(&self, upstream: Option<Upstream>) {
        if let Some(egress) = &self.context.egress {
            egress.set_upstream(upstream);
        }
    }

    fn belongs_to(&self, user: &UserId) {
        if let Some(egress) = &self.context.egress {
            egress.set_user(user.as_ref().into());
        }
    }

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            // Tabs first: contexts closed over open windows have crashed browsers before. Nobody's consent is asked.
            let targets: Vec<String> = self.tabs.borrow().open.iter().map(|tab| tab.target.clone()).collect();
            self.tabs.send_modify(|tabs| {
                tabs.lost.get_or_insert(LostReason::PageCrashed);
                tabs.open.clear();
            });
            for target in targets {
                drop(self.browser.session().send(&commands::close_target(&target)));
            }
            let Some(disposed) = self.context.dispose() else { return }; // its browser is closed instead
            if disposed.await.is_err() && self.browser.lost_reason().is_none() {
                self.browser.retire();
            }
        }
        .boxed()
    }
}
