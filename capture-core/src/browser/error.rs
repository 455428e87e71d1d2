//! Why a page or a browser did not do what was asked, and its translation into the engine's error.
//!
//! The only place that knows both; knows nothing of how a page works.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    lost::LostReason,
    unavailable::{self, Unavailable},
};
use crate::{
    egress::BLOCKED_REASON,
    error::{Error, ErrorCode, RunOutcome},
};

/// What went wrong below the session.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// Not possible on this page.
    #[error("{message}")]
    Failed {
        /// A sentence for the client.
        message: String,
        /// A finer reason.
        reason: Option<String>,
        /// Further fields for the client.
        details: Map<String, Value>,
        /// Whether it ran.
        outcome: RunOutcome,
    },
    /// Shape that only the page can judge: a selector that does not parse.
    #[error("{0}")]
    Invalid(String),
    /// Did not become possible in time.
    #[error("{message}")]
    TimedOut {
        /// A sentence for the client: what, which and how long.
        message: String,
        /// The last diagnostics.
        details: Map<String, Value>,
        /// Whether it ran.
        outcome: RunOutcome,
    },
    /// The page is gone; the session is ending.
    #[error(transparent)]
    Lost(#[from] LostReason),
    /// No place for another page.
    #[error("all {0} places for pages are taken")]
    Busy(usize),
    /// The tab that an action worked on closed or crashed; the page has others.
    #[error("the tab this action worked on closed or crashed")]
    TabGone,
    /// No browser can be had.
    #[error("no browser")]
    Unavailable(#[from] Unavailable),
    /// The browser answered something that makes no sense to us.
    #[error("unexpected answer of the browser: {0}")]
    Protocol(String),
}

impl BrowserError {
    /// Something that is not possible on this page.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), reason: None, details: Map::new(), outcome: RunOutcome::NotExecuted }
    }

    /// The same with a finer reason.
    pub fn failed_for(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            reason: Some(reason.into()),
            details: Map::new(),
            outcome: RunOutcome::NotExecuted,
        }
    }

    /// What went wrong in one sentence, with its causes.
    pub fn sentence(&self) -> String {
        unavailable::sentence(self)
    }

    /// The finer reason, where there is one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed { reason, .. } => reason.as_deref(),
            Self::TabGone => Some("tab_gone"),
            _ => None,
        }
    }

    /// The same of something that came after an action that ran well: its picture.
    #[must_use]
    pub fn after_the_action(self) -> Self {
        let told = |message| format!("the action ran; its picture failed: {message}");
        match self {
            Self::Failed { message, reason, details, .. } => {
                Self::Failed { message: told(message), reason, details, outcome: RunOutcome::Executed }
            }
            Self::TimedOut { message, details, .. } => {
                Self::TimedOut { message: told(message), details, outcome: RunOutcome::Executed }
            }
            other => other,
        }
    }

    /// Out of time before anything was done to the page.
    pub fn timed_out(message: impl Into<String>) -> Self {
        Self::TimedOut { message: message.into(), details: Map::new(), outcome: RunOutcome::NotExecuted }
    }
}

/// What to do next, where that is something else than another action on the page.
fn hint(reason: &str) -> Option<&'static str> {
    match reason {
        BLOCKED_REASON => {
            Some("open another address, or have the operator allow this one: egress-allow, or egress-private")
        }
        "too_many_clients" => Some("disconnect one of this session's CDP clients, then connect again"),
        "no_such_target" => Some("read /json/list for the pages there are now"),
        _ => None,
    }
}

impl From<BrowserError> for Error {
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Failed { message, reason, details, outcome } => {
                let error = Self::new(ErrorCode::ActionFailed, message).with_details(details).with_outcome(outcome);
                let Some(reason) = reason else { return error };
                match hint(&reason) {
                    Some(hint) => error.with_reason(reason).with_hint(hint),
                    None => error.with_reason(reason),
                }
            }
            BrowserError::Invalid(message) => Self::invalid(message),
            BrowserError::TimedOut { message, details, outcome } => {
                Self::new(ErrorCode::ActionTimeout, message).with_details(details).with_outcome(outcome)
            }
            // The session ends for the same reason, and its caller then gets the final session instead of this.
            BrowserError::Lost(reason) => {
                Self::new(ErrorCode::SessionInactive, reason.to_string()).with_outcome(RunOutcome::Unknown)
            }
            BrowserError::Busy(places) => {
                Self::new(ErrorCode::Busy, format!("no browser capacity: {}", BrowserError::Busy(places)))
                    .with_retry_after(Duration::from_secs(5))
                    .with_hint("close a session, or try again when one has expired")
            }
            BrowserError::TabGone => Self::new(ErrorCode::ActionFailed, error.to_string())
                .with_outcome(RunOutcome::Unknown)
                .with_reason("tab_gone"),
            BrowserError::Unavailable(why) => {
                Self::new(ErrorCode::Unavailable, format!("no browser available: {}", why.sentence()))
                    .with_retry_after(Duration::from_secs(5))
            }
            BrowserError::Protocol(_) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_fits_its_reason() {
        let hint = |reason: &str| Error::from(BrowserError::failed_for(reason, "it failed")).hint().to_owned();
        assert!(hint(BLOCKED_REASON).contains("egress-allow"), "{}", hint(BLOCKED_REASON));
        assert!(hint("too_many_clients").contains("disconnect"), "{}", hint("too_many_clients"));
        assert_eq!(hint("covered"), Error::from(BrowserError::failed("it failed")).hint());
    }
}
