//! The `goto` action, which must be able to leave any page.
//!
//! This module must not know later actions.

use std::convert::Infallible;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{Duration, Instant};
use url::Url;

use crate::{
    action::{ActionResult, DownloadReport, Goto, GotoResult, WaitUntil},
    browser::{
        BrowserError,
        chromium::{
            cdp::{CdpSession, SessionKey, commands},
            page::{
                chromium_page::ChromiumPage,
                document::NoAnswer,
                tab::{PageFacts, Tab},
                target_setup,
            },
        },
    },
    egress::Failure,
    error::RunOutcome,
};

/// Chromium's error for every connection that the guard refuses.
const THROUGH_THE_GUARD: &str = "net::ERR_SOCKS_CONNECTION_FAILED";
/// Chromium's error for a navigation that led to no document.
const ABORTED: &str = "net::ERR_ABORTED";
/// How long the event of a download may lag behind the reply that there is one.
const CERTAIN_DOWNLOAD_LAG: Duration = Duration::from_secs(1);

/// How long the old page may take to unload, and the new document to be shown; less if less time is left.
const LET_IN: Duration = Duration::from_secs(2);
/// How long a page that is not busy may take to answer.
const ANSWERS: Duration = Duration::from_millis(500);
/// Pause between two attempts to close a tab. Chromium forgets the first one if a navigation overtakes it.
const CLOSE_AGAIN: Duration = Duration::from_millis(500);
/// Pause between a closed tab and the check for the next one.
const NEXT_TAB: Duration = Duration::from_millis(10);

/// The result of a navigation.
#[derive(Debug)]
enum Arrival {
    There(ActionResult),
    /// The old page does not unload, or restores itself.
    KeptOut,
    TabGone,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Navigation {
    /// Absent if the document stays.
    loader_id: Option<String>,
    error_text: Option<String>,
    #[serde(default)]
    is_download: bool,
}

impl ChromiumPage {
    /// Navigates, whatever the old page does: if it does not unload, a new tab takes its place, and if it closes the
    /// tab, the document is opened in the next tab.
    pub(crate) async fn goto(&self, goto: &Goto, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let mut replaced = false;
        loop {
            match self.goto_here(goto, deadline).await? {
                // Chromium forgets that a client closed the tab if a navigation overtakes that.
                Arrival::There(_) if !replaced && self.is_closed_by_client() => self.replace_tab(deadline).await?,
                Arrival::There(result) => return Ok(result),
                Arrival::KeptOut if !replaced => self.replace_tab(deadline).await?,
                Arrival::KeptOut => return Err(late(goto, "the document arrived, but was not shown")),
                Arrival::TabGone if Instant::now() < deadline => {
                    tokio::time::sleep(NEXT_TAB).await;
                    let _ = self.settled(deadline).await; // on a timeout or a loss, the next check returns the error
                }
                Arrival::TabGone => return Err(late(goto, "the page closes every tab it is opened in")),
            }
            replaced = true;
        }
    }

    /// The active tab; `None` while the last tab is being replaced.
    fn active_tab(&self) -> Result<Option<(SessionKey, CdpSession)>, BrowserError> {
        let tabs = self.tabs.borrow();
        match (tabs.active(), tabs.lost) {
            (Some(tab), _) => Ok(Some((tab.key.clone(), tab.session.clone()))),
            (None, Some(lost)) => Err(lost.into()),
            (None, None) => Ok(None),
        }
    }

    fn is_lost(&self) -> bool {
        self.tabs.borrow().lost.is_some()
    }

    fn is_closed_by_client(&self) -> bool {
        let tabs = self.tabs.borrow();
        tabs.active().is_some_and(|tab| self.browser.event_router().clients().is_surely_ending(&tab.target))
    }

    /// Whether a client is closing this tab, or it is gone. In that case its navigation does not continue.
    fn is_being_closed(&self, key: &SessionKey) -> bool {
        let (tabs, clients) = (self.tabs.borrow(), self.browser.event_router().clients());
        tabs.lost.is_none() && tabs.tab(key).is_none_or(|tab| clients.is_ending(&tab.target))
    }

    async fn goto_here(&self, goto: &Goto, deadline: Instant) -> Result<Arrival, BrowserError> {
        let Some((key, session)) = self.active_tab()? else { return Ok(Arrival::TabGone) };
        let began = Instant::now();
        let navigated = session.send(&commands::navigate(goto.url.as_str())).decode::<Navigation>();
        let mut navigated = std::pin::pin!(tokio::time::timeout_at(deadline, navigated));
        let navigation = tokio::select! {
            navigated = &mut navigated => navigated,
            () = tokio::time::sleep(LET_IN) => {
                self.free(&key, deadline).await; // a `beforeunload` handler that does not return may block the tab
                navigated.await
            }
        };
        let navigation = match navigation {
            Ok(Ok(navigation)) => navigation,
            Ok(Err(gone)) if gone.is_page_gone() && !self.is_lost() => return Ok(Arrival::TabGone),
            Ok(Err(error)) => return Err(error.into()),
            Err(_elapsed) => {
                drop(session.send(&commands::stop_loading()));
                return Err(late(goto, "no answer from the server"));
            }
        };
        if navigation.is_download {
            return Err(self.download(goto).await);
        }
        if let Some(error) = navigation.error_text.filter(|error| error != "net::ERR_HTTP_RESPONSE_CODE_FAILURE") {
            if error == ABORTED && self.is_being_closed(&key) {
                return Ok(Arrival::TabGone);
            }
            let error = self.not_opened(goto, error, began);
            self.console_log.lock().document_failed(goto.url.as_str(), error.reason());
            return Err(error);
        }
        let until = if navigation.loader_id.is_none() { WaitUntil::Load } else { goto.wait_until };
        if let Some(loader) = navigation.loader_id {
            let loaded = self.in_tab(&key, |tab| tab.has_loaded(&loader, goto.wait_until));
            let loaded = tokio::select! {
                biased;
                loaded = tokio::time::timeout_at(deadline, loaded) => loaded,
                true = self.in_tab(&key, |tab| tab.is_overrun(&loader)) => return Ok(Arrival::KeptOut),
                () = self.kept_out(&key, |tab| tab.has_loaded(&loader, WaitUntil::Commit), deadline) => {
                    return Ok(Arrival::KeptOut);
                }
            };
            match loaded {
                Ok(true) => {}
                Ok(false) => return Ok(Arrival::TabGone),
                Err(_elapsed) => {
                    if goto.wait_until != WaitUntil::Load {
                        drop(session.send(&commands::stop_loading()));
                    }
                    return Err(late(goto, "the document arrived, but did not finish loading"));
                }
            }
        }
        let Some(PageFacts { url, status, title, .. }) = self.facts(&key, until, deadline).await? else {
            return Ok(Arrival::TabGone);
        };
        Ok(Arrival::There(ActionResult::Goto(GotoResult { url, status, title })))
    }

    /// The error for an address that could not be opened, with the reason of the egress guard if there is one,
    /// otherwise that of the browser. A redirect may have led to an address that is not in the request.
    fn not_opened(&self, goto: &Goto, error: String, began: Instant) -> BrowserError {
        let target = goto.url.as_str().parse::<Url>().ok();
        let known = target.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
        let guarded = self.context.egress.as_ref().filter(|_| error == THROUGH_THE_GUARD);
        let failure = guarded.and_then(|egress| {
            let failure = known.and_then(|(host, port)| egress.failure(host, port, began));
            failure.or_else(|| egress.last_blocked(began).map(|blocked| Failure::Blocked(blocked.why)))
        });
        match failure {
            Some(failure) => {
                let known = failure.reason().map(|reason| (reason.to_owned(), failure.to_string()));
                let error = failure.chromium_error();
                let (reason, why) = known.unwrap_or_else(|| (error.to_owned(), format!("{error}: {failure}")));
                failed(goto, reason, &why)
            }
            None => {
                let why = match error.as_str() {
                    ABORTED => {
                        "net::ERR_ABORTED: the server sent no document, or the page itself went elsewhere".to_owned()
                    }
                    other => other.to_owned(),
                };
                failed(goto, error, &why)
            }
        }
    }

    /// Waits until a tab satisfies `wanted`; returns false when the tab is gone. A loss of the page also counts as
    /// satisfied, since the next command returns the error.
    async fn in_tab(&self, key: &SessionKey, wanted: impl Fn(&Tab) -> bool) -> bool {
        let mut tabs = self.tabs.subscribe();
        let there = tabs.wait_for(|tabs| tabs.lost.is_some() || tabs.tab(key).is_none_or(&wanted));
        there.await.is_ok_and(|tabs| tabs.lost.is_some() || tabs.tab(key).is_some())
    }

    /// Completes when a tab does not satisfy `wanted` in time, because its page blocks the process that the new
    /// document needs.
    async fn kept_out(&self, key: &SessionKey, wanted: impl Fn(&Tab) -> bool, deadline: Instant) {
        if tokio::time::timeout(patience(deadline), self.in_tab(key, wanted)).await.is_ok() {
            std::future::pending::<()>().await;
        }
    }

    /// Terminates the script that keeps a tab's page busy, if there is one.
    async fn free(&self, key: &SessionKey, deadline: Instant) {
        let world = self.tabs.borrow().tab(key).and_then(Tab::world);
        if let Some(world) = world.filter(|_| Instant::now() + 2 * ANSWERS < deadline) {
            // only serves to see whether the page answers
            let _: Result<Value, NoAnswer> = world.call("offset", &(), Instant::now() + ANSWERS).await;
        }
    }

    /// Closes the active tab, whatever its page does, and waits for a blank tab in its place.
    async fn replace_tab(&self, deadline: Instant) -> Result<(), BrowserError> {
        let Some((key, target)) = self.tabs.borrow().active().map(|tab| (tab.key.clone(), tab.target.clone())) else {
            return Ok(());
        };
        tracing::info!("the page does not give up its tab; a new tab replaces it");
        let others = self.tabs.borrow().open.len() > 1;
        if others {
            target_setup::open_tab(&self.browser, &self.context.id);
        }
        let mut tabs = self.tabs.subscribe();
        let replaced = tabs.wait_for(|tabs| {
            tabs.lost.is_some() || (tabs.world().is_some() && tabs.active().is_some_and(|tab| tab.key != key))
        });
        tokio::select! {
            biased;
            replaced = tokio::time::timeout_at(deadline, replaced) => match replaced {
                Ok(_) => Ok(()),
                Err(_elapsed) => Err(BrowserError::timed_out("the page keeps its tab, and no new tab opened in time")),
            },
            never = self.keep_closing(&target) => match never {},
        }
    }

    async fn keep_closing(&self, target: &str) -> Infallible {
        loop {
            drop(self.browser.session().send(&commands::close_target(target)));
            tokio::time::sleep(CLOSE_AGAIN).await;
        }
    }

    /// The address and the title of the document: its own report if that is new, otherwise its present answer. Returns
    /// `None` if its tab is gone.
    async fn facts(
        &self,
        key: &SessionKey,
        until: WaitUntil,
        deadline: Instant,
    ) -> Result<Option<PageFacts>, BrowserError> {
        let reported = match until {
            WaitUntil::DomContentLoaded => self.tabs.borrow().tab(key).and_then(|tab| tab.facts.clone()),
            // At commit there is no report yet, and until load the title may have changed.
            WaitUntil::Commit | WaitUntil::Load => None,
        };
        match reported {
            Some(facts) => Ok(Some(facts)),
            None => self.call_in(key, "page", &(), deadline).await,
        }
    }

    async fn download(&self, goto: &Goto) -> BrowserError {
        let mut tabs = self.tabs.subscribe();
        let offered = tabs.wait_for(|tabs| tabs.noticed.download.is_some() || tabs.lost.is_some());
        let offered = tokio::time::timeout(CERTAIN_DOWNLOAD_LAG, offered).await;
        let report: Option<DownloadReport> =
            offered.ok().and_then(Result::ok).and_then(|tabs| tabs.noticed.download.clone());
        // Chromium does not tell of a download if it has left the process that was to show the document by then, which
        // happens when an error page was shown before.
        let report = match report.map(serde_json::to_value) {
            Some(Ok(report)) => report,
            None | Some(Err(_)) => json!({"url": goto.url}),
        };
        let details = Map::from_iter([("download".to_owned(), report)]);
        BrowserError::Failed {
            message: format!("{} is a download, and downloads are refused", shown(goto)),
            reason: Some("download".to_owned()),
            details,
            outcome: RunOutcome::Executed,
        }
    }
}

fn patience(deadline: Instant) -> Duration {
    (deadline.saturating_duration_since(Instant::now()) / 2).min(LET_IN)
}

fn failed(goto: &Goto, reason: String, why: &str) -> BrowserError {
    BrowserError::Failed {
        message: format!("could not open {}: {why}", shown(goto)),
        details: Map::from_iter([("url".to_owned(), Value::from(goto.url.as_str()))]),
        reason: Some(reason),
        outcome: RunOutcome::Executed,
    }
}

fn late(goto: &Goto, what: &str) -> BrowserError {
    let (until, millis) = (goto.wait_until.as_str(), goto.timeout.as_millis());
    BrowserError::TimedOut {
        message: format!("{} did not reach {until} within {millis} ms: {what}", shown(goto)),
        details: Map::new(),
        outcome: RunOutcome::Unknown,
    }
}

/// The address, cut for messages, since addresses can be as long as a page.
fn shown(goto: &Goto) -> String {
    goto.url.as_str().chars().take(200).collect()
}
