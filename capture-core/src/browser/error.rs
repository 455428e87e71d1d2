//! Errors of pages and browsers, and their conversion into the engine's error.
//!
//! Only this module knows both. It must not know how a page works.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    lost::LostReason,
    unavailable::{self, Unavailable},
};
use crate::{
    egress::BLOCKED_REASON,
    error::{Error, ErrorCode, RunOutcome, SERVER_BUSY},
};

/// An error of a page or a browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The action is not possible on this page.
    #[error("{message}")]
    Failed {
        /// Message for the client.
        message: String,
        /// Reason that refines the error's code.
        reason: Option<String>,
        /// Further fields for the client.
        details: Map<String, Value>,
        /// Whether the action ran.
        outcome: RunOutcome,
    },
    /// The request is invalid in a way that only the page can detect, such as a selector that does not parse.
    #[error("{0}")]
    Invalid(String),
    /// The action did not become possible in time.
    #[error("{message}")]
    TimedOut {
        /// Message for the client: what was not possible, on which element, and for how long.
        message: String,
        /// The last diagnostics of the element.
        details: Map<String, Value>,
        /// Whether the action ran.
        outcome: RunOutcome,
    },
    /// The server did not do its part in time, because it was busy with work for others.
    #[error("{message}")]
    Congested {
        /// Message for the client: what it waited for, and for how long.
        message: String,
        /// Whether the action ran.
        outcome: RunOutcome,
    },
    /// The page is gone, and the session is ending.
    #[error(transparent)]
    Lost(#[from] LostReason),
    /// There is no place for another page.
    #[error("all {0} places for pages are taken")]
    Busy(usize),
    /// The tab of the action closed or crashed; the page has other tabs.
    #[error("the tab this action worked on closed or crashed")]
    TabGone,
    /// No browser is available.
    #[error("no browser")]
    Unavailable(#[from] Unavailable),
    /// The browser sent an unexpected answer.
    #[error("unexpected answer of the browser: {0}")]
    Protocol(String),
}

impl BrowserError {
    /// An error for an action that is not possible on this page.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), reason: None, details: Map::new(), outcome: RunOutcome::NotExecuted }
    }

    /// An error with a reason for an action that is not possible on this page.
    pub fn failed_for(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            reason: Some(reason.into()),
            details: Map::new(),
            outcome: RunOutcome::NotExecuted,
        }
    }

    /// The error and its causes in one sentence.
    pub fn sentence(&self) -> String {
        unavailable::sentence(self)
    }

    /// The reason, if there is one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed { reason, .. } => reason.as_deref(),
            Self::TabGone => Some("tab_gone"),
            Self::Congested { .. } => Some(SERVER_BUSY),
            _ => None,
        }
    }

    /// Marks this as an error of something that followed a successful action, such as its picture.
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
            Self::Congested { message, .. } => {
                Self::Congested { message: told(message), outcome: RunOutcome::Executed }
            }
            other => other,
        }
    }

    /// An error for an action whose turn did not come in time, because others had theirs.
    pub fn congested(message: impl Into<String>) -> Self {
        Self::Congested { message: message.into(), outcome: RunOutcome::NotExecuted }
    }

    /// An error for an action that ran out of time before it changed the page.
    pub fn timed_out(message: impl Into<String>) -> Self {
        Self::TimedOut { message: message.into(), details: Map::new(), outcome: RunOutcome::NotExecuted }
    }
}

/// What the client should do next, if that is not another action on the page.
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
            BrowserError::Congested { message, outcome } => {
                Self::new(ErrorCode::ActionTimeout, message).with_reason(SERVER_BUSY).with_outcome(outcome)
            }
            // The session ends because of the same loss, and its caller then gets the final view instead of this error.
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
