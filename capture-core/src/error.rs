//! The one error that leaves the engine, and its closed list of codes.
//!
//! Owns what went wrong in terms a client can act on. Knows nothing of HTTP statuses or close codes: those are tables at
//! the edges, exhaustive over [`ErrorCode`], so that a new code breaks their build. Layers below keep small errors of
//! their own and become an [`Error`] in one `From` each.

use std::{borrow::Cow, error::Error as StdError, fmt, num::NonZeroU64, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::session::{CloseReason, InvalidOption, SessionView};

/// Stable, closed list; the string form is part of the public API.
///
/// Deliberately not `#[non_exhaustive]`: a new code must break the status and close-code tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Shape, type or bounds of the request; the message names the field and the accepted values.
    InvalidRequest,
    /// Well-formed but not possible on this page: navigation failed, not editable, stale ref.
    ActionFailed,
    /// No credential, or one that does not match.
    Unauthorized,
    /// Known caller, not allowed: account disabled, credits cannot cover the hold.
    Forbidden,
    /// Never existed, belongs to someone else, or ended more than the retention ago.
    SessionNotFound,
    /// The session has ended; the error carries its final form.
    SessionInactive,
    /// The instance that owned the session is gone.
    SessionLost,
    /// The caller's active sessions are at their limit.
    SessionLimit,
    /// The element did not become ready, or the page did not load, in time.
    ActionTimeout,
    /// A queue is full, the server drains, or there is no browser capacity.
    Busy,
    /// Ledger, relay, browser pool or CDP cannot be reached.
    Unavailable,
    /// A defect of ours; the message is constant and the cause is only in the log.
    Internal,
}

impl ErrorCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::InvalidRequest,
        Self::ActionFailed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::SessionNotFound,
        Self::SessionInactive,
        Self::SessionLost,
        Self::SessionLimit,
        Self::ActionTimeout,
        Self::Busy,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The wire form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ActionFailed => "action_failed",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::SessionNotFound => "session_not_found",
            Self::SessionInactive => "session_inactive",
            Self::SessionLost => "session_lost",
            Self::SessionLimit => "session_limit",
            Self::ActionTimeout => "action_timeout",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Whether the same request may succeed later without being changed.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::ActionTimeout | Self::Busy | Self::Unavailable | Self::SessionLimit => true,
            Self::InvalidRequest
            | Self::ActionFailed
            | Self::Unauthorized
            | Self::Forbidden
            | Self::SessionNotFound
            | Self::SessionInactive
            | Self::SessionLost
            | Self::Internal => false,
        }
    }

    /// What to do next, where nothing more precise is known.
    fn default_hint(self) -> &'static str {
        match self {
            Self::InvalidRequest => "correct the request; the same one will be refused again",
            Self::ActionFailed => "look at the page (screenshot, content) and choose another action",
            Self::Unauthorized => "send Authorization: Bearer base64(userId:secret)",
            Self::Forbidden => "ask the operator of this server",
            Self::SessionNotFound => "check the id, or create a new session",
            Self::SessionInactive | Self::SessionLost => "create a new session",
            Self::SessionLimit => "close a session, or wait until one expires",
            Self::ActionTimeout => "wait longer with timeoutMs, or remove what keeps the element from being ready",
            Self::Busy => "retry after a moment",
            Self::Unavailable => "retry after a moment; if it stays, ask the operator",
            Self::Internal => "report it with the requestId",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the thing asked for ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Nothing was done; sending it again is safe.
    NotExecuted,
    /// It ran to its end.
    Executed,
    /// It may have taken effect.
    Unknown,
}

/// Why a request could not be carried out.
///
/// Serialises to the fields that stand beside `error` in every transport; the source stays in the process, for the log.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    code: ErrorCode,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'static, str>>,
    outcome: RunOutcome,
    hint: Cow<'static, str>,
    #[serde(skip)]
    retry_after: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Box<SessionView>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: Map<String, Value>,
    #[serde(skip)]
    seq: Option<NonZeroU64>,
    #[serde(skip)]
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this code with a sentence for a person; `outcome` starts as `not_executed`.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            reason: None,
            outcome: RunOutcome::NotExecuted,
            hint: Cow::Borrowed(code.default_hint()),
            retry_after: None,
            session: None,
            details: Map::new(),
            seq: None,
            source: None,
        }
    }

    /// Shape, type or bounds of a request.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// A session nobody knows, or that belongs to someone else: the two look the same.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::SessionNotFound, "session not found")
    }

    /// The session has ended; `view` is its final form.
    pub fn inactive(view: SessionView) -> Self {
        let why = view.close_reason.map_or("ended", |reason| reason.as_str());
        let code = match view.close_reason {
            Some(CloseReason::InstanceLost) => ErrorCode::SessionLost,
            _ => ErrorCode::SessionInactive,
        };
        Self::new(code, format!("session is not active: {why}")).with_session(view)
    }

    /// A defect of ours; the cause goes to the log only.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut error = Self::new(ErrorCode::Internal, "internal error");
        error.source = Some(Arc::from(source.into()));
        error.outcome = RunOutcome::Unknown;
        error
    }

    /// A finer, open reason beside the closed code.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Whether the thing asked for ran.
    #[must_use]
    pub fn with_outcome(mut self, outcome: RunOutcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// What the client should do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// How long to wait before trying again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The session this is about, as it is now.
    #[must_use]
    pub fn with_session(mut self, view: SessionView) -> Self {
        self.session = Some(Box::new(view));
        self
    }

    /// The place in the session's log where the action ended so.
    #[must_use]
    pub fn with_seq(mut self, seq: u64) -> Self {
        self.seq = NonZeroU64::new(seq);
        self
    }

    /// A further field of the reply body, beside `error`.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Further fields of the reply body, beside `error`.
    #[must_use]
    pub fn with_details(mut self, details: Map<String, Value>) -> Self {
        self.details.extend(details);
        self
    }

    /// The cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The closed code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The finer reason, if any.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether the thing asked for ran.
    pub fn outcome(&self) -> RunOutcome {
        self.outcome
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// How long to wait before trying again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The session this is about.
    pub fn session(&self) -> Option<&SessionView> {
        self.session.as_deref()
    }

    /// Where in the session's log the action ended so, if it ran.
    pub fn seq(&self) -> Option<u64> {
        self.seq.map(NonZeroU64::get)
    }

    /// Further fields of the reply body.
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }

    /// The same error as that of one step of a batch.
    #[must_use]
    pub fn at_step(mut self, index: usize) -> Self {
        self.message = format!("step {index}: {}", self.message).into();
        self.with_detail("failedIndex", index)
    }
}

impl From<InvalidOption> for Error {
    fn from(invalid: InvalidOption) -> Self {
        Self::invalid(invalid.to_string())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("reason", &self.reason)
            .field("outcome", &self.outcome)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_of_a_code_is_its_serde_form() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), Value::from(code.as_str()));
        }
    }

    #[test]
    fn internal_errors_say_nothing_of_their_cause() {
        let error = Error::internal("disk on fire");
        assert!(!serde_json::to_string(&error).unwrap().contains("fire"));
        assert_eq!(error.source().unwrap().to_string(), "disk on fire");
    }
}
