//! `goto`, `back`, `forward`, `reload`.

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};

use super::{cdp::commands, page::ChromiumPage, tab::PageFacts};
use crate::{
    action::{ActionResult, DownloadReport, Goto, GotoResult, Travel, WaitUntil},
    browser::Fault,
    error::RunOutcome,
};

/// How long the news of a download may lag behind the navigation it ended.
const DOWNLOAD_LAG: Duration = Duration::from_millis(500);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Navigation {
    /// Absent when the document stays.
    loader_id: Option<String>,
    error_text: Option<String>,
    #[serde(default)]
    is_download: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    current_index: i64,
    entries: Vec<HistoryEntry>,
}

#[derive(Debug, Deserialize)]
struct HistoryEntry {
    id: i64,
}

impl ChromiumPage {
    pub(super) async fn goto(&self, goto: &Goto, deadline: Instant) -> Result<ActionResult, Fault> {
        let session = self.active()?;
        let navigated = session.send(&commands::navigate(goto.url.as_str())).decode::<Navigation>();
        let Ok(navigation) = tokio::time::timeout_at(deadline, navigated).await else {
            drop(session.send(&commands::stop_loading()));
            return Err(late(goto, "no answer from the server"));
        };
        let navigation = navigation?;
        if navigation.is_download {
            return Err(self.download(goto).await);
        }
        if let Some(error) = navigation.error_text.filter(|error| error != "net::ERR_HTTP_RESPONSE_CODE_FAILURE") {
            self.journal.lock().document_failed(goto.url.as_str(), Some(&error));
            return Err(failed(goto, error));
        }
        let stays = navigation.loader_id.is_none();
        if let Some(loader) = navigation.loader_id {
            let mut tabs = self.tabs.subscribe();
            let loaded = tabs.wait_for(|tabs| {
                tabs.lost.is_some() || tabs.active().is_none_or(|tab| tab.has_loaded(&loader, goto.wait_until))
            });
            if tokio::time::timeout_at(deadline, loaded).await.is_err() {
                if goto.wait_until != WaitUntil::Load {
                    drop(session.send(&commands::stop_loading()));
                }
                return Err(late(goto, "the document came, but its loading did not end"));
            }
        }
        let facts = self.facts(if stays { WaitUntil::Load } else { goto.wait_until }, deadline).await?;
        Ok(ActionResult::Goto(GotoResult { url: facts.url, status: facts.status, title: facts.title }))
    }

    /// What the document tells of itself: its own report where that is new, else what it answers now.
    async fn facts(&self, until: WaitUntil, deadline: Instant) -> Result<PageFacts, Fault> {
        let reported = match until {
            WaitUntil::DomContentLoaded => self.tabs.borrow().active().and_then(|tab| tab.facts.clone()),
            // At commit there is no report yet, and until load the title may have changed.
            WaitUntil::Commit | WaitUntil::Load => None,
        };
        match reported {
            Some(facts) => Ok(facts),
            None => self.call("page", &(), deadline).await,
        }
    }

    pub(super) async fn back(&self, travel: Travel, deadline: Instant) -> Result<ActionResult, Fault> {
        self.go_by(-1, travel, deadline).await
    }

    pub(super) async fn forward(&self, travel: Travel, deadline: Instant) -> Result<ActionResult, Fault> {
        self.go_by(1, travel, deadline).await
    }

    /// Where there is no such entry nothing happens, and that is a success.
    async fn go_by(&self, entries: i64, travel: Travel, deadline: Instant) -> Result<ActionResult, Fault> {
        let tab = self.active()?;
        let told = tab.send(&commands::history()).decode();
        let history: History = tokio::time::timeout_at(deadline, told)
            .await
            .map_err(|_elapsed| Fault::timed_out("the browser did not tell the history in time"))??;
        let index = usize::try_from(history.current_index + entries).ok();
        if let Some(entry) = index.and_then(|index| history.entries.get(index)) {
            let moves = self.moves();
            drop(tab.send(&commands::go_to_entry(entry.id)));
            self.moved_on(moves, travel, deadline).await?;
        }
        Ok(ActionResult::Done {})
    }

    pub(super) async fn reload(&self, travel: Travel, deadline: Instant) -> Result<ActionResult, Fault> {
        let moves = self.moves();
        drop(self.active()?.send(&commands::reload()));
        self.moved_on(moves, travel, deadline).await?;
        Ok(ActionResult::Done {})
    }

    /// Documents, and addresses altogether, that came to the active tab.
    fn moves(&self) -> (u64, u64) {
        self.tabs.borrow().active().map(|tab| (tab.commits, tab.moves)).unwrap_or_default()
    }

    /// Waits until the tab has moved on from `before`: at once within a document, to another one until it has loaded so far.
    async fn moved_on(&self, before: (u64, u64), travel: Travel, deadline: Instant) -> Result<(), Fault> {
        let mut tabs = self.tabs.subscribe();
        let there = tabs.wait_for(|tabs| {
            tabs.lost.is_some()
                || tabs.noticed.download.is_some()
                || tabs
                    .active()
                    .is_none_or(|tab| tab.moves > before.1 && (tab.commits == before.0 || tab.is_at(travel.wait_until)))
        });
        if tokio::time::timeout_at(deadline, there).await.is_err() {
            drop(self.active()?.send(&commands::stop_loading()));
            let (until, millis) = (travel.wait_until.as_str(), travel.timeout.as_millis());
            return Err(Fault::TimedOut {
                message: format!("the page did not reach {until} within {millis} ms"),
                details: Map::new(),
                outcome: RunOutcome::Unknown,
            });
        }
        let failed = self.tabs.borrow().active().filter(|tab| tab.is_error_page).map(|tab| tab.url.clone());
        match failed {
            Some(url) => Err(Fault::Failed {
                message: format!("the document at {} did not load", url.chars().take(200).collect::<String>()),
                reason: Some("document_failed".to_owned()),
                details: Map::from_iter([("url".to_owned(), Value::from(url))]),
                outcome: RunOutcome::Executed,
            }),
            None => Ok(()),
        }
    }

    async fn download(&self, goto: &Goto) -> Fault {
        let mut tabs = self.tabs.subscribe();
        let offered = tabs.wait_for(|tabs| tabs.noticed.download.is_some() || tabs.lost.is_some());
        let offered = tokio::time::timeout(DOWNLOAD_LAG, offered).await;
        let report: Option<DownloadReport> =
            offered.ok().and_then(Result::ok).and_then(|tabs| tabs.noticed.download.clone());
        let mut details = Map::new();
        if let Some(Ok(report)) = report.map(serde_json::to_value) {
            details.insert("download".to_owned(), report);
        }
        Fault::Failed {
            message: format!("{} is a download, and downloads are refused", shown(goto)),
            reason: Some("download".to_owned()),
            details,
            outcome: RunOutcome::Executed,
        }
    }
}

fn failed(goto: &Goto, error: String) -> Fault {
    let why = match error.as_str() {
        "net::ERR_ABORTED" => "net::ERR_ABORTED: the server sent no document, or the page itself went elsewhere",
        other => other,
    };
    Fault::Failed {
        message: format!("could not open {}: {why}", shown(goto)),
        details: Map::from_iter([("url".to_owned(), Value::from(goto.url.as_str()))]),
        reason: Some(error),
        outcome: RunOutcome::Executed,
    }
}

fn late(goto: &Goto, what: &str) -> Fault {
    let (until, millis) = (goto.wait_until.as_str(), goto.timeout.as_millis());
    Fault::TimedOut {
        message: format!("{} did not reach {until} within {millis} ms: {what}", shown(goto)),
        details: Map::new(),
        outcome: RunOutcome::Unknown,
    }
}

/// Addresses can be as long as a page.
fn shown(goto: &Goto) -> String {
    goto.url.as_str().chars().take(200).collect()
}
