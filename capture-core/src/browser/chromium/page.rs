//! A session's page: from an action to the function that does it, and what happened meanwhile.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::watch,
    time::{Duration, Instant},
};

use super::{
    browser::Browser,
    cdp::{CdpSession, commands},
    setup,
    tabs::{Noticed, Tabs},
};
use crate::{
    action::{Action, ActionResult, Deed, Effects, Outcome, Screenshot, TabReport},
    browser::{Fault, LostReason, Page},
};

/// How long a tab the page asked for may take to appear, and then to show its document.
const TAB_APPEARS: Duration = Duration::from_millis(500);
const TAB_LOADS: Duration = Duration::from_secs(3);
/// How long the news that the whole page is lost may lag behind the first command that failed.
const LOSS_LAG: Duration = Duration::from_millis(500);

/// One context of a browser with its tabs.
#[derive(Debug)]
pub(super) struct ChromiumPage {
    pub(super) browser: Arc<Browser>,
    context: String,
    pub(super) tabs: Arc<watch::Sender<Tabs>>,
}

/// What an action's reply tells of where the page is. `goto` tells its own address, read from the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Nothing,
    Navigation,
    NavigationAndUrl,
}

impl ChromiumPage {
    pub(super) fn new((browser, context): (Arc<Browser>, String), tabs: Arc<watch::Sender<Tabs>>) -> Self {
        Self { browser, context, tabs }
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

    async fn act(&self, action: Action, deadline: Instant) -> Result<Outcome, Fault> {
        if let Some(change) = action.viewport {
            self.resize(change).await?;
        }
        let before = self.url();
        self.tabs.send_modify(|tabs| tabs.noticed = Noticed::default());
        let (result, tells) = match action.deed {
            Deed::Goto(goto) => (self.goto(&goto, deadline).await?, Tells::Navigation),
            Deed::Title => (self.title(deadline).await?, Tells::Nothing),
            Deed::Url => (ActionResult::Url { url: before.clone() }, Tells::Nothing),
            Deed::Screenshot(screenshot) => {
                (ActionResult::Screenshot(self.screenshot(&screenshot, deadline).await?), Tells::Nothing)
            }
            Deed::WaitForSelector(wait) => (self.wait_for_selector(&wait, deadline).await?, Tells::Nothing),
            Deed::Click(click) => (self.click(&click, deadline).await?, Tells::NavigationAndUrl),
            Deed::Fill(fill) => (self.fill(&fill, deadline).await?, Tells::NavigationAndUrl),
            Deed::Content(content) => (self.content(content, deadline).await?, Tells::Nothing),
            Deed::Query(query) => (self.query(&query, deadline).await?, Tells::Nothing),
            Deed::Batch(_) => return Err(Fault::Protocol("a page was given a batch".to_owned())),
        };
        let effects = self.effects(&before, tells, deadline).await;
        let screenshot = if action.screenshot {
            let taken = self.screenshot(&Screenshot::default(), deadline).await;
            Some(taken.map_err(Fault::after_the_action)?)
        } else {
            None
        };
        Ok(Outcome { result, effects, screenshot })
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
        Effects {
            navigated: (tells != Tells::Nothing && navigated).then_some(true),
            url: (tells == Tells::NavigationAndUrl).then_some(url),
            dialogs: noticed.dialogs,
            new_tab,
            download: noticed.download,
        }
    }

    async fn new_tab(&self, deadline: Instant) -> Option<TabReport> {
        if self.tabs.borrow().noticed.window.is_none() && self.tabs.borrow().noticed.tab.is_none() {
            return None;
        }
        let mut tabs = self.tabs.subscribe();
        let appears = deadline.min(Instant::now() + TAB_APPEARS);
        let appeared = tabs.wait_for(|tabs| tabs.noticed.tab.is_some() || tabs.lost.is_some());
        tokio::time::timeout_at(appears, appeared).await.ok()?.ok()?;
        let loads = deadline.min(Instant::now() + TAB_LOADS);
        let shown = tabs.wait_for(|tabs| {
            let tab = tabs.open.iter().find(|tab| Some(&tab.key) == tabs.noticed.tab.as_ref());
            tabs.lost.is_some() || tab.is_none_or(|tab| tab.commits > 0)
        });
        let _ = tokio::time::timeout_at(loads, shown).await; // slow: its address is known from the request for it
        let tabs = self.tabs.borrow();
        let tab = tabs.open.iter().find(|tab| Some(&tab.key) == tabs.noticed.tab.as_ref());
        let url = match tab {
            Some(tab) if tab.commits > 0 => tab.url.clone(),
            _ => tabs.noticed.window.clone().unwrap_or_else(|| "about:blank".to_owned()),
        };
        Some(TabReport { url })
    }

    async fn whole_page_lost(&self) -> LostReason {
        let mut tabs = self.tabs.subscribe();
        tokio::select! {
            biased;
            reason = self.browser.lost() => reason,
            lost = tabs.wait_for(|tabs| tabs.lost.is_some()) => {
                lost.ok().and_then(|tabs| tabs.lost).unwrap_or(LostReason::PageCrashed)
            }
        }
    }
}

impl Page for ChromiumPage {
    fn perform(self: Arc<Self>, action: Action, deadline: Instant) -> BoxFuture<'static, Result<Outcome, Fault>> {
        async move {
            let result = tokio::select! {
                biased;
                reason = self.whole_page_lost() => return Err(reason.into()),
                result = self.act(action, deadline) => result,
            };
            match result {
                // One tab went away. If that was the whole page, the session learns it; else the action failed.
                Err(Fault::Lost(_)) => match tokio::time::timeout(LOSS_LAG, self.whole_page_lost()).await {
                    Ok(reason) => Err(reason.into()),
                    Err(_only_a_tab) => Err(Fault::Failed {
                        message: "the tab this action worked on closed or crashed".to_owned(),
                        reason: Some("tab_gone".to_owned()),
                        details: serde_json::Map::new(),
                        outcome: crate::error::RunOutcome::Unknown,
                    }),
                },
                result => result,
            }
        }
        .boxed()
    }

    fn lost(&self) -> BoxFuture<'static, LostReason> {
        let page =
            Self { browser: Arc::clone(&self.browser), context: self.context.clone(), tabs: Arc::clone(&self.tabs) };
        async move { page.whole_page_lost().await }.boxed()
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
            let disposed = setup::dispose(&self.browser, &self.context);
            self.browser.forget_context(&self.context);
            if disposed.await.is_err() && self.browser.lost_reason().is_none() {
                self.browser.retire();
            }
        }
        .boxed()
    }
}
