//! The dialogs of a session's pages: answered as they open, or left to a client for as long as they hold up no action.
//!
//! Knows nothing of what an action does.

use std::convert::Infallible;

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use tokio::time::{Duration, Instant};

use super::{chromium_page::ChromiumPage, document::BUSY, tabs::OpenDialog, target_events::TargetEventLoop};
use crate::{
    action::DialogReport,
    browser::{
        BrowserError,
        chromium::{
            cdp::{Event, SessionKey, commands},
            instance::internal_events::CLIENT_SLOW,
        },
    },
    event::{EventKind, PageDialog},
};

/// Dialogs reported in one reply; further ones are answered all the same.
const MAX_DIALOGS: usize = 50;
/// Text of a dialog that is kept.
const MAX_MESSAGE: usize = 4_096;
/// Text of a dialog that is shown in an error.
const SHOWN_MESSAGE: usize = 200;
/// How long a client is given to answer a dialog that holds up an action.
const CLIENT_ANSWERS: Duration = Duration::from_millis(500);
/// A dialog that was open for so long is named where an action ends for unsupported of time.
const HOLDS_UP: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Dialog {
    message: String,
    #[serde(rename = "type")]
    kind: String,
}

impl TargetEventLoop {
    /// Answers at once, where that is not for a client to do: while a dialog is open its page does nothing else.
    pub(crate) fn on_dialog(&self, event: &Event) {
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

    /// A dialog is no longer open.
    pub(crate) fn on_answered(&self, page: &SessionKey) {
        self.tabs.send_modify(|tabs| {
            let Some(at) = tabs.asking.iter().position(|asking| asking.page == *page) else { return };
            let OpenDialog { dialog, since, .. } = tabs.asking.remove(at);
            // Also the end of an action closes it: the script that asks is ended then.
            if since.elapsed() >= HOLDS_UP {
                tabs.noticed.held_up = Some(dialog);
            }
        });
    }

    /// Answers the dialogs that were left to clients of which none listens any more.
    pub(crate) fn answer_left(&self) {
        let asking = self.tabs.borrow().asking.clone();
        let left = asking.into_iter().filter(|asking| !self.is_clients(&asking.page));
        left.for_each(|asking| self.answer(asking));
    }

    /// Answers the dialogs that no client has answered for long enough: they hold up an action.
    pub(crate) fn answer_slow(&self) {
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
        self.tell(EventKind::PageDialog(PageDialog { kind, message, accepted }));
    }

    /// Whether a client answers the dialogs of this page.
    pub(crate) fn is_clients(&self, page: &SessionKey) -> bool {
        let tabs = self.tabs.borrow();
        let tab = tabs.open.iter().find(|tab| tab.frames.own(page));
        tab.is_some_and(|tab| self.browser.event_router().clients().answer_for(&tab.target))
    }
}

impl ChromiumPage {
    /// While an action runs: has dialogs answered that were left to clients and that none of them answers in time.
    pub(crate) async fn answer_for_clients(&self) -> Infallible {
        let (began, mut tabs) = (Instant::now(), self.tabs.subscribe());
        loop {
            let Ok(since) = tabs.wait_for(|tabs| !tabs.asking.is_empty()).await.map(|tabs| oldest(&tabs.asking)) else {
                return std::future::pending().await; // the page is gone, and the action learns it elsewhere
            };
            let due = since.map_or(began, |since| since.max(began)) + CLIENT_ANSWERS;
            tokio::time::sleep_until(due).await;
            self.browser.event_router().tell(&self.context.id, Event::told(CLIENT_SLOW, RawValue::NULL));
            let _ = tabs.wait_for(|tabs| oldest(&tabs.asking) != since).await; // gone: seen above
        }
    }

    /// A page that did not answer because a dialog was open: the error names it.
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
