//! The `back`, `forward` and `reload` actions.
//!
//! This module knows no addresses, because the browser has the history.

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    action::{ActionResult, BackResult, Travel},
    browser::{
        BrowserError,
        chromium::{cdp::commands, page::chromium_page::ChromiumPage},
    },
    error::RunOutcome,
};

/// Maximum characters of an address in a message.
const SHOWN: usize = 500;

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
    pub(crate) async fn back(&self, travel: Travel, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let went = self.go_by(-1, travel, deadline).await?;
        let hint = if went { None } else { self.opener_hint() };
        Ok(ActionResult::Back(BackResult { hint }))
    }

    /// How to return to the tab that opened the active one, if it is still open.
    fn opener_hint(&self) -> Option<String> {
        let tabs = self.tabs.borrow();
        let opener = tabs.active()?.opener.as_ref()?;
        let url = tabs.open.iter().find(|tab| tab.target == *opener)?.url.chars().take(SHOWN).collect::<String>();
        Some(format!(
            "this tab has nothing to go back to: the tab at {url} opened it; to go on there, goto that address"
        ))
    }

    pub(crate) async fn forward(&self, travel: Travel, deadline: Instant) -> Result<ActionResult, BrowserError> {
        self.go_by(1, travel, deadline).await?;
        Ok(ActionResult::Done {})
    }

    /// Returns whether there was such an entry. Without one nothing happens, which is a success.
    async fn go_by(&self, entries: i64, travel: Travel, deadline: Instant) -> Result<bool, BrowserError> {
        let tab = self.active()?;
        let told = tab.send(&commands::history()).decode();
        let history: History = tokio::time::timeout_at(deadline, told)
            .await
            .map_err(|_elapsed| BrowserError::timed_out("the browser did not return the history in time"))??;
        let index = usize::try_from(history.current_index + entries).ok();
        let Some(entry) = index.and_then(|index| history.entries.get(index)) else { return Ok(false) };
        let moves = self.moves();
        drop(tab.send(&commands::go_to_entry(entry.id)));
        self.moved_on(moves, travel, deadline).await?;
        Ok(true)
    }

    pub(crate) async fn reload(&self, travel: Travel, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let moves = self.moves();
        drop(self.active()?.send(&commands::reload()));
        self.moved_on(moves, travel, deadline).await?;
        Ok(ActionResult::Done {})
    }

    /// Number of documents, and of addresses in total, that the active tab has shown.
    fn moves(&self) -> (u64, u64) {
        self.tabs.borrow().active().map(|tab| (tab.commits, tab.moves)).unwrap_or_default()
    }

    /// Waits until the tab has moved on from `before`: at once within a document, otherwise until the new document has
    /// loaded far enough.
    async fn moved_on(&self, before: (u64, u64), travel: Travel, deadline: Instant) -> Result<(), BrowserError> {
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
            return Err(BrowserError::TimedOut {
                message: format!("the page did not reach {until} within {millis} ms"),
                details: Map::new(),
                outcome: RunOutcome::Unknown,
            });
        }
        let failed = self.tabs.borrow().active().filter(|tab| tab.is_error_page).map(|tab| tab.url.clone());
        match failed {
            Some(url) => Err(BrowserError::Failed {
                message: format!("the document at {} did not load", url.chars().take(200).collect::<String>()),
                reason: Some("document_failed".to_owned()),
                details: Map::from_iter([("url".to_owned(), Value::from(url))]),
                outcome: RunOutcome::Executed,
            }),
            None => Ok(()),
        }
    }
}
