//! The dialogs of a session's pages. They are answered as they open, or left to a client as long as they delay no
//! action.
//!
//! This module must not know what an action does.

use std::{convert::Infallible, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use tokio::{
    sync::watch,
    time::{Duration, Instant},
};

use super::{
    chromium_page::ChromiumPage,
    document::BUSY,
    reports::Reports,
    tabs::{OpenDialog, Tabs},
};
use crate::{
    action::DialogReport,
    browser::{
        BrowserError,
        chromium::{
            cdp::{Event, SessionKey, commands},
            instance::{browser::Browser, internal_events::CLIENT_SLOW},
        },
    },
    event::{EventKind, PageDialog},
};

/// Maximum number of dialogs in one reply. Further ones are answered but not reported.
const MAX_DIALOGS: usize = 50;
/// Maximum characters kept of a dialog's text.
const MAX_MESSAGE: usize = 4_096;
/// Maximum characters of a dialog's text in an error.
const SHOWN_MESSAGE: usize = 200;
/// How long a client may take to answer a dialog that delays an action.
const CLIENT_ANSWERS: Duration = Duration::from_millis(500);
/// A dialog that was open for at least this long is named in the error of an action that ran out of time.
const HOLDS_UP: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Dialog {
    message: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Answers the dialogs of a session's pages for its event loop.
pub(crate) struct Dialogs {
    pub(crate) browser: Arc<Browser>,
    pub(crate) tabs: Arc<watch::Sender<Tabs>>,
    pub(crate) reports: Reports,
}

impl Dialogs {
    /// Answers a dialog at once, unless a client has to answer it. While a dialog is open, its page does nothing else.
    pub(super) fn on_opening(&self, event: &Event) {
        let Some(Dialog { message, kind }) = event.decode() else { return };
        let accepted = matches!(kind.as_str(), "alert" | "beforeunload");
        let message = message.chars().take(MAX_MESSAGE).collect();
        let dialog = DialogReport { kind, message, accepted };
        let asking = OpenDialog { page: event.session.clone(), dialog, since: Instant::now() };
        if !self.is_clients(&event.session) {
            return self.answer(asking);
        }
        self.tabs.send_modify(|tabs| {
            tabs.asking.retain(|other| other.page != asking.page);
            tabs.asking.push(asking);
        });
    }

    /// Records that a dialog was closed.
    pub(super) fn on_closed(&self, page: &SessionKey) {
        self.tabs.send_modify(|tabs| {
            let Some(at) = tabs.asking.iter().position(|asking| asking.page == *page) else { return };
            let OpenDialog { dialog, since, .. } = tabs.asking.remove(at);
            // The end of an action also closes the dialog, because the script that opened it is terminated then.
            if since.elapsed() >= HOLDS_UP {
                tabs.noticed.held_up = Some(dialog);
            }
        });
    }

    /// Answers the dialogs that were left to clients which no longer listen.
    pub(super) fn answer_left(&self) {
        let asking = self.tabs.borrow().asking.clone();
        let left = asking.into_iter().filter(|asking| !self.is_clients(&asking.page));
        left.for_each(|asking| self.answer(asking));
    }

    /// Answers the dialogs that no client has answered in time, because they delay an action.
    pub(super) fn answer_slow(&self) {
        let now = Instant::now();
        let asking = self.tabs.borrow().asking.clone();
        let slow = asking.into_iter().filter(|asking| asking.since + CLIENT_ANSWERS <= now);
        for asking in slow {
            self.tabs.send_modify(|tabs| tabs.noticed.held_up = Some(asking.dialog.clone()));
            self.answer(asking);
        }
    }

    fn answer(&self, asking: OpenDialog) {
        let OpenDialog { page, dialog, .. } = asking;
        drop(self.browser.page_session(page.clone()).send(&commands::answer_dialog(dialog.accepted)));
        let DialogReport { kind, message, accepted } = dialog.clone();
        self.tabs.send_modify(|tabs| {
            tabs.asking.retain(|asking| asking.page != page);
            if tabs.noticed.dialogs.len() < MAX_DIALOGS {
                tabs.noticed.dialogs.push(dialog);
            }
        });
        self.reports.tell(EventKind::PageDialog(PageDialog { kind, message, accepted }));
    }

    /// Whether a client answers the dialogs of this page.
    pub(super) fn is_clients(&self, page: &SessionKey) -> bool {
        let tabs = self.tabs.borrow();
        let tab = tabs.open.iter().find(|tab| tab.frames.own(page));
        tab.is_some_and(|tab| self.browser.event_router().clients().answer_for(&tab.target))
    }
}

impl ChromiumPage {
    /// While an action runs, answers dialogs that were left to clients and were not answered in time.
    pub(crate) async fn answer_for_clients(&self) -> Infallible {
        let (began, mut tabs) = (Instant::now(), self.tabs.subscribe());
        loop {
            let Ok(since) = tabs.wait_for(|tabs| !tabs.asking.is_empty()).await.map(|tabs| oldest(&tabs.asking)) else {
                return std::future::pending().await; // the page is gone, which the action learns elsewhere
            };
            let due = since.map_or(began, |since| since.max(began)) + CLIENT_ANSWERS;
            tokio::time::sleep_until(due).await;
            self.browser.event_router().tell(&self.context.id, Event::told(CLIENT_SLOW, RawValue::NULL));
            // if the page is gone, the loop sees that above
            let _ = tabs.wait_for(|tabs| oldest(&tabs.asking) != since).await;
        }
    }

    /// Adds the dialog to the error of a page that did not answer because of it.
    pub(crate) fn naming_dialog(&self, error: BrowserError) -> BrowserError {
        let tabs = self.tabs.borrow();
        let open = tabs.asking.first().map(|asking| &asking.dialog);
        match (error, open.or(tabs.noticed.held_up.as_ref())) {
            (BrowserError::TimedOut { message, details, outcome }, Some(dialog)) => {
                let (message, details) = named(&message, details, dialog);
                BrowserError::TimedOut { message, details, outcome }
            }
            (error, _) => error,
        }
    }
}

fn oldest(asking: &[OpenDialog]) -> Option<Instant> {
    asking.iter().map(|asking| asking.since).min()
}

fn named(said: &str, mut details: Map<String, Value>, dialog: &DialogReport) -> (String, Map<String, Value>) {
    let shown: String = dialog.message.chars().take(SHOWN_MESSAGE).collect();
    let said = said.strip_suffix(BUSY).unwrap_or(said);
    let message = format!("{said}: an open dialog kept the page waiting ({} {shown:?})", dialog.kind);
    details.insert("dialog".to_owned(), json!({ "type": dialog.kind, "message": shown }));
    (message, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_dialog_instead_of_a_busy_script_and_clips_its_text() {
        let dialog = DialogReport { kind: "prompt".to_owned(), message: "ü".repeat(4_096), accepted: false };
        let (message, details) = named(&format!("the page did not answer in time{BUSY}"), Map::new(), &dialog);
        let text = "ü".repeat(SHOWN_MESSAGE);
        assert_eq!(
            message,
            format!("the page did not answer in time: an open dialog kept the page waiting (prompt {text:?})")
        );
        assert_eq!(details["dialog"], json!({ "type": "prompt", "message": text }));
    }
}
