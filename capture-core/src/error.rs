//! The one error type that the engine returns, and its closed list of codes.
//!
//! An error says what went wrong in terms that a client can act on. This module must not know HTTP statuses or close
//! codes: those are tables in the transports, exhaustive over [`ErrorCode`], so that a new code breaks their build.
//! Lower layers have small error types of their own, each converted into an [`Error`] by one `From`.

use std::{borrow::Cow, error::Error as StdError, fmt, num::NonZeroU64, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::session::{CloseReason, InvalidOption, SessionView};

/// Reason of the error for what the work of others held up, so that trying it again may help at once.
pub const SERVER_BUSY: &str = "server_busy";

/// The error codes: a stable, closed list whose string form is part of the public API.
///
/// The enum is deliberately not `#[non_exhaustive]`: a new code must break the status and close-code tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request has a wrong shape or type, or a value out of bounds. The message names the field and the accepted
    /// values.
    InvalidRequest,
    /// The request is well formed but not possible on this page, for example a failed navigation or a stale ref.
    ActionFailed,
    /// The request has no credential, or one that is not valid.
    Unauthorized,
    /// The caller is known but not allowed: the account is disabled, or its credits do not cover the hold.
    Forbidden,
    /// The session never existed, belongs to another user, or ended longer ago than the retention.
    SessionNotFound,
    /// The session has ended; the error carries its final view.
    SessionInactive,
    /// The instance that owned the session is gone.
    SessionLost,
    /// The caller has as many active sessions as allowed.
    SessionLimit,
    /// The element did not become ready, or the page did not load, in time.
    ActionTimeout,
    /// A queue is full, the server is draining, or there is no browser capacity.
    Busy,
    /// The ledger, the bus, the browser pool or CDP cannot be reached.
    Unavailable,
    /// A defect of the server. The message is constant, and the cause is only in the log.
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

    /// The wire form of the code.
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

    /// Whether repeating the unchanged request may succeed later.
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

    /// The hint for an error that sets none of its own.
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

/// Whether the requested action ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Nothing was done, so sending the request again is safe.
    NotExecuted,
    /// The action ran to its end.
    Executed,
    /// The action may have taken effect.
    Unknown,
}

/// Why a request could not be carried out.
///
/// Serialises to the fields that accompany `error` in every transport. The source is not serialised; it is only for the
/// log.
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
    /// An error with this code and a message for people. Its outcome is `not_executed`.
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

    /// An `invalid_request` error: a request with a wrong shape or type, or a value out of bounds.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// A `session_not_found` error. It is identical for an unknown session and for another user's session.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::SessionNotFound, "session not found")
    }

    /// A `session_inactive` error for a session that has ended; `view` is its final view.
    pub fn inactive(view: SessionView) -> Self {
        let why = view.close_reason.map_or("ended", |reason| reason.as_str());
        let code = match view.close_reason {
            Some(CloseReason::InstanceLost) => ErrorCode::SessionLost,
            _ => ErrorCode::SessionInactive,
        };
        Self::new(code, format!("session is not active: {why}")).with_session(view)
    }

    /// An `internal` error for a defect of the server. The source is only logged.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut error = Self::new(ErrorCode::Internal, "internal error");
        error.source = Some(Arc::from(source.into()));
        error.outcome = RunOutcome::Unknown;
        error
    }

    /// Sets the reason, which refines the closed code and is an open list.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets whether the requested action ran.
    #[must_use]
    pub fn with_outcome(mut self, outcome: RunOutcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Sets the hint, which says what the client should do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Sets how long the client should wait before it tries again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Sets the session the error is about, with its current view.
    #[must_use]
    pub fn with_session(mut self, view: SessionView) -> Self {
        self.session = Some(Box::new(view));
        self
    }

    /// Sets the `seq` at which the action's end is recorded in the session's log.
    #[must_use]
    pub fn with_seq(mut self, seq: u64) -> Self {
        self.seq = NonZeroU64::new(seq);
        self
    }

    /// Adds one field to the reply body, beside `error`.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Removes a field of the reply body.
    #[must_use]
    pub fn without_detail(mut self, key: &str) -> Self {
        self.details.remove(key);
        self
    }

    /// Adds fields to the reply body, beside `error`.
    #[must_use]
    pub fn with_details(mut self, details: Map<String, Value>) -> Self {
        self.details.extend(details);
        self
    }

    /// Sets the cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The reason, which refines the code, if there is one.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether the requested action ran.
    pub fn outcome(&self) -> RunOutcome {
        self.outcome
    }

    /// What the client should do next.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// How long to wait before trying again, if known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The session the error is about, if any.
    pub fn session(&self) -> Option<&SessionView> {
        self.session.as_deref()
    }

    /// The `seq` at which the action's end is recorded in the session's log, if it ran.
    pub fn seq(&self) -> Option<u64> {
        self.seq.map(NonZeroU64::get)
    }

    /// The further fields of the reply body.
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }

    /// The error of a batch whose step `index`, from 0, failed with this error.
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
