//! The input of an action. The page is first told until when it may accept input. Input is sent while there is time,
//! and awaited until the page has handled it. A page that is busy does not receive input it would handle after that
//! time (`scripts/late.js`).
//!
//! This module must not know keys and buttons.

use serde::Deserialize;
use serde_json::{Map, json};
use tokio::time::{Duration, Instant};

use crate::{
    action::Point,
    browser::{
        BrowserError,
        chromium::{
            cdp::{CdpError, CdpSession, Pending, commands},
            page::{
                chromium_page::ChromiumPage,
                document::{ANSWER_GRACE, BUSY, NoAnswer, World},
                locate::PEEK,
            },
        },
    },
    error::RunOutcome,
};

/// A page's clock may reach the deadline this much too early, so the page is asked about input that it handled close to
/// it.
const EDGE: Duration = Duration::from_millis(100);
/// How long a page that was sent a key may take to answer that it acts on it. A busy page is not waited for.
const ACTS: Duration = Duration::from_millis(100);

/// The deadline of an action, and the timeout from which it was computed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
}

/// The permission to send the input of one action to a tab.
#[derive(Debug)]
pub(crate) struct Leave {
    pub(crate) tab: CdpSession,
    /// The documents that were told the deadline.
    worlds: Vec<World>,
    pub(crate) due: Due,
}

#[derive(Deserialize)]
struct Taker {
    /// Whether a frame receives the input.
    framed: bool,
}

impl ChromiumPage {
    /// Tells the receivers of the input the deadline: the focused document, or the documents at a point.
    pub(crate) async fn ask_leave(&self, at: Option<Point>, due: Due) -> Result<Leave, BrowserError> {
        let tab = self.active()?;
        let at = at.map_or_else(|| json!({}), |point| json!(point));
        let main = self.world(due.deadline).await?;
        let taker: Taker = main.call("admitInput", &at, due.deadline).await?;
        let others = if taker.framed { self.tabs.borrow().other_worlds() } else { Vec::new() };
        let (patience, anywhere) = (due.deadline.min(Instant::now() + PEEK), json!({}));
        let told = others.iter().map(|world| world.peek::<Taker>("admitInput", &anywhere, patience, due.deadline));
        futures::future::join_all(told).await; // a frame that is gone or too busy takes no input now
        Ok(Leave { tab, worlds: [vec![main], others].concat(), due })
    }

    /// The permission to send input to documents that the script which located the target has already told.
    pub(crate) fn leave_for(&self, worlds: Vec<World>, due: Due) -> Result<Leave, BrowserError> {
        Ok(Leave { tab: self.active()?, worlds, due })
    }
}

impl Leave {
    /// Checks that there is still time to send something.
    pub(crate) fn check(&self, outcome: RunOutcome) -> Result<(), BrowserError> {
        if Instant::now() < self.due.deadline {
            return Ok(());
        }
        let millis = self.due.timeout.as_millis();
        let message = format!("there was no time left of {millis} ms to send all input: a script keeps the page busy");
        Err(BrowserError::TimedOut { message, details: Map::new(), outcome })
    }

    /// Waits until the page has handled the input that was sent. If the page is too busy, the script that blocks it is
    /// terminated, and the page gets a moment to come to the rest of the input, which it then ignores.
    pub(crate) async fn handled(
        &self,
        sent: impl IntoIterator<Item = Pending>,
        what: &str,
    ) -> Result<(), BrowserError> {
        let mut handled = futures::future::try_join_all(sent);
        match tokio::time::timeout_at(self.due.deadline, &mut handled).await {
            Ok(Ok(_)) => Ok(()),
            // The input closed its own tab, or replaced it.
            Ok(Err(CdpError::PageGone | CdpError::Refused { .. })) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => {
                drop(self.tab.send(&commands::terminate()));
                // The time is up, whatever this returns.
                let _ = tokio::time::timeout_at(self.due.deadline + ANSWER_GRACE, handled).await;
                Err(self.unhandled(what))
            }
        }
    }

    /// Whether some input was handled so late that the page may have ignored it.
    pub(crate) fn is_near_its_end(&self) -> bool {
        Instant::now() + EDGE >= self.due.deadline
    }

    /// Ends the watching for late input after everything was sent and handled. `what` says what was done with the
    /// input.
    pub(crate) async fn rest(self, what: &str) -> Result<(), BrowserError> {
        if self.is_near_its_end() {
            return self.rest_by(what, self.due.deadline).await;
        }
        self.worlds.iter().for_each(|world| world.tell("rest"));
        Ok(())
    }

    /// Ends the watching after a key. A form that is submitted by a key is sent in a task after the key's, which has
    /// begun once the page answers.
    pub(crate) async fn rest_once_it_acts(self, what: &str) -> Result<(), BrowserError> {
        let patience = if self.is_near_its_end() { Duration::MAX } else { ACTS };
        let by = Instant::now().checked_add(patience).map_or(self.due.deadline, |by| by.min(self.due.deadline));
        self.rest_by(what, by).await
    }

    async fn rest_by(&self, what: &str, by: Instant) -> Result<(), BrowserError> {
        let asked = self.worlds.iter().map(|world| world.ask_any_time::<u64>("rest", by));
        for late in futures::future::join_all(asked).await {
            if matches!(late, Ok(1..)) || (matches!(late, Err(NoAnswer::Late)) && self.is_near_its_end()) {
                return Err(self.unhandled(what));
            }
        }
        Ok(())
    }

    pub(crate) fn unhandled(&self, what: &str) -> BrowserError {
        let millis = self.due.timeout.as_millis();
        BrowserError::TimedOut {
            message: format!("{what}, but the page did not handle it within {millis} ms{BUSY}"),
            details: Map::new(),
            outcome: RunOutcome::Unknown,
        }
    }
}
