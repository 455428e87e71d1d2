//! Implements the engine's page: dispatches an action to its function, and collects what happened meanwhile.
//!
//! This module must not know how an action is performed; each family has a file of its own.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use tokio::time::{Duration, Instant};

use super::screencast;
#[cfg(feature = "render")]
use crate::render::{RenderRequest, Rendering};
use crate::{
    account::UserId,
    action::{Action, ActionKind, ActionResult, Effects, Outcome, Screenshot, TabReport, Tells},
    browser::{
        BrowserError, CdpClient, LostReason, Page, Screencast, ViewFrame,
        chromium::{
            bridge,
            cdp::commands,
            page::{
                chromium_page::{ChromiumPage, whole_page_lost},
                document::{DOCUMENT_GONE, NoAnswer, World},
                tab::Leaving,
                tabs::{Noticed, Tabs},
            },
        },
    },
    egress::{Traffic, Upstream},
};

/// How long a tab that the page opens may take to appear, and then to show its document.
const TAB_APPEARS: Duration = Duration::from_millis(500);
const TAB_LOADS: Duration = Duration::from_secs(3);
/// How long the event that the whole page is lost may lag behind the first command that failed.
const LOSS_LAG: Duration = Duration::from_millis(500);
/// How often a reading action is restarted: once for a document that a client left, and once for a page that it closed.
const READ_AGAIN: usize = 2;

impl ChromiumPage {
    /// Performs an action in the tab that is active now.
    async fn perform_here(&self, action: Action, deadline: Instant) -> Result<Outcome, BrowserError> {
        let result = tokio::select! {
            biased;
            reason = self.whole_page_lost() => return Err(reason.into()),
            result = self.act(action, deadline) => result,
            never = self.answer_for_clients() => match never {},
        };
        match result.map_err(|error| self.naming_dialog(error)) {
            // One tab is gone. If the whole page is lost, the session reports that; otherwise the action failed.
            Err(BrowserError::Lost(_)) => match tokio::time::timeout(LOSS_LAG, self.whole_page_lost()).await {
                Ok(reason) => Err(reason.into()),
                Err(_only_a_tab) => Err(BrowserError::TabGone),
            },
            result => result,
        }
    }

    async fn act(&self, action: Action, deadline: Instant) -> Result<Outcome, BrowserError> {
        self.settled(deadline).await?;
        if let Some(change) = action.viewport {
            self.resize(change).await?;
        }
        let before = self.url();
        let travels = self.travels();
        let tells = action.action_type().tells();
        self.tabs.send_modify(|tabs| {
            tabs.noticed = Noticed::default();
            if let Some(tab) = tabs.open.last_mut() {
                tab.acted_on |= tells != Tells::Nothing;
            }
        });
        let result = self.perform_deed(action.kind, deadline).await?;
        if tells == Tells::NavigationAndUrl {
            self.arrive(travels, deadline).await;
        }
        let effects = self.effects(&before, tells, deadline).await;
        let screenshot = if action.screenshot {
            let taken = self.screenshot(&Screenshot::default(), deadline).await;
            Some(taken.map_err(BrowserError::after_the_action)?)
        } else {
            None
        };
        Ok(Outcome { result, effects, screenshot })
    }

    async fn perform_deed(&self, kind: ActionKind, deadline: Instant) -> Result<ActionResult, BrowserError> {
        match kind {
            ActionKind::Goto(goto) => self.goto(&goto, deadline).await,
            ActionKind::Back(travel) => self.back(travel, deadline).await,
            ActionKind::Forward(travel) => self.forward(travel, deadline).await,
            ActionKind::Reload(travel) => self.reload(travel, deadline).await,
            ActionKind::Title => self.title(deadline).await,
            ActionKind::Url => Ok(ActionResult::Url { url: self.url() }),
            ActionKind::Screenshot(screenshot) => {
                Ok(ActionResult::Screenshot(self.screenshot(&screenshot, deadline).await?))
            }
            ActionKind::WaitForSelector(wait) => self.wait_for_selector(&wait, deadline).await,
            ActionKind::WaitForTimeout(wait) => Ok(self.wait_for_timeout(wait).await),
            ActionKind::Click(click) => self.click(&click, deadline).await,
            ActionKind::Hover(hover) => self.hover(&hover, deadline).await,
            ActionKind::MoveMouse(movement) => self.move_mouse(movement, deadline).await,
            ActionKind::DragMouse(drag) => self.drag_mouse(&drag, deadline).await,
            ActionKind::CursorPosition => Ok(ActionResult::Mouse(*self.mouse.lock())),
            ActionKind::Type(typed) => self.type_into(&typed, deadline).await,
            ActionKind::TypeText(typed) => self.type_text(&typed, deadline).await,
            ActionKind::Fill(fill) => self.fill(&fill, deadline).await,
            ActionKind::Select(select) => self.select(&select, deadline).await,
            ActionKind::Check(check) => self.check(&check, deadline).await,
            ActionKind::Press(press) => self.press_key(&press, deadline).await,
            ActionKind::Scroll(scroll) => self.scroll(&scroll, deadline).await,
            ActionKind::Snapshot(snapshot) => self.snapshot(&snapshot, deadline).await,
            ActionKind::Console(console) => Ok(self.console(console)),
            ActionKind::Errors(errors) => Ok(self.errors(errors)),
            ActionKind::Content(content) => self.content(content, deadline).await,
            ActionKind::Query(query) => self.query(&query, deadline).await,
            ActionKind::Batch(_) => Err(BrowserError::Protocol("a page was given a batch".to_owned())),
        }
    }

    /// If the page has begun to navigate since `before`, waits until the new document has arrived or the navigation has
    /// ended.
    async fn arrive(&self, before: (u64, u64), deadline: Instant) {
        let mut tabs = self.tabs.subscribe();
        let stays = |tabs: &Tabs| tabs.lost.is_some() || tabs.active().is_none_or(|tab| tab.leaving == Leaving::No);
        if tokio::time::timeout_at(deadline, tabs.wait_for(stays)).await.is_err() {
            return; // the server is slow, and the reply has the page's present address
        }
        let (departures, commits) = self.travels();
        if departures > before.0 && commits == before.1 {
            self.download_told().await;
        }
    }

    /// What happened since the action began. Waits a bounded time for a tab that it opened.
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
        // its address is known from the request for it, even if it loads slowly
        let _ = tokio::time::timeout_at(loads, shown).await;
        let tabs = self.tabs.borrow();
        tabs.noticed.tab.as_ref()?; // it was opened for a download, and is already closed
        let tab = tabs.open.iter().find(|tab| Some(&tab.key) == tabs.noticed.tab.as_ref());
        let url = match tab {
            Some(tab) if tab.commits > 0 => tab.url.clone(),
            _ => tabs.noticed.window.clone().unwrap_or_else(|| "about:blank".to_owned()),
        };
        Some(TabReport { url })
    }

    /// Tells the documents of the active tab that the action was given up; returns false when one was too busy to
    /// answer.
    async fn halt(&self) -> bool {
        let worlds: Vec<World> = {
            let tabs = self.tabs.borrow();
            tabs.world().into_iter().chain(tabs.other_worlds()).collect()
        };
        // The answers are awaited for `ANSWER_GRACE` beyond that time.
        let told = worlds.iter().map(|world| world.ask_any_time::<bool>("halt", Instant::now()));
        !futures::future::join_all(told).await.iter().any(|told| matches!(told, Err(NoAnswer::Late)))
    }
}

impl Page for ChromiumPage {
    fn perform(
        self: Arc<Self>,
        action: Action,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Outcome, BrowserError>> {
        async move {
            // A reading action is repeated if a client closes the page under it, or navigates away while it closes.
            let reads = self.context.is_whole() && action.action_type().tells() == Tells::Nothing;
            for _ in 0..if reads { READ_AGAIN } else { 0 } {
                match self.perform_here(action.clone(), deadline).await {
                    Err(BrowserError::TabGone) => {}
                    Err(error) if error.reason() == Some(DOCUMENT_GONE) => {}
                    result => return result,
                }
            }
            self.perform_here(action, deadline).await
        }
        .boxed()
    }

    #[cfg(feature = "render")]
    fn render(
        self: Arc<Self>,
        request: Arc<RenderRequest>,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Rendering, BrowserError>> {
        async move { self.render_here(request, deadline).await }.boxed()
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

    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, BrowserError>> {
        async move {
            if !self.context.is_whole() {
                return Err(BrowserError::failed_for("no_cdp", "this session was not created with cdp"));
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
            // Tabs are closed first, because closing contexts with open windows has crashed browsers. Pages are not
            // asked for consent.
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
