//! Answers: exactly one per request, success or error, with the request's id.

use std::sync::Arc;

use capture_core::{
    Error, ErrorCode, RunOutcome,
    account::Scope,
    clock::Timestamp,
    event::{Epoch, EventFrame, EventKind},
    session::{SessionId, SessionView},
};
use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::limits::{ToldLimits, millis};

/// The answer to a request that succeeded.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Success<R> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    result: R,
}

impl<R> Success<R> {
    /// The answer to the request with this id.
    pub fn new(id: u64, session_id: Option<SessionId>, result: R) -> Self {
        Self { kind: "success", id, session_id, seq: None, result }
    }

    /// Adds the sequence number in the log at which the action ended.
    #[must_use]
    pub fn at(self, seq: Option<u64>) -> Self {
        Self { seq, ..self }
    }
}

/// The answer to a request that failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    error: ErrorBody<'a>,
}

impl<'a> Failure<'a> {
    /// The answer to the request with this id.
    pub fn new(id: u64, session_id: Option<SessionId>, error: &'a Error, now: Timestamp) -> Self {
        let session_id = session_id.or_else(|| error.session().map(|session| session.id));
        Self { kind: "error", id, session_id, seq: error.seq(), error: ErrorBody { error, now } }
    }
}

/// Serialises as the fields of a REST error, without its status.
#[derive(Debug)]
pub struct ErrorBody<'a> {
    error: &'a Error,
    now: Timestamp,
}

impl Serialize for ErrorBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = self.error;
        let mut body = serializer.serialize_map(None)?;
        let own = |name: &str| ErrorFields::NAMES.contains(&name);
        for (name, value) in error.details().iter().filter(|(name, _)| !own(name)) {
            body.serialize_entry(name, value)?;
        }
        body.serialize_entry("code", &error.code())?;
        body.serialize_entry("message", error.message())?;
        body.serialize_entry("outcome", &error.outcome())?;
        body.serialize_entry("retryable", &error.code().is_retryable())?;
        body.serialize_entry("hint", error.hint())?;
        if let Some(reason) = error.reason() {
            body.serialize_entry("reason", reason)?;
        }
        if let Some(wait) = error.retry_after() {
            body.serialize_entry("retryAfterMs", &millis(wait))?;
        }
        if let Some(session) = error.session() {
            body.serialize_entry("expiresInSeconds", &session.expires_in_seconds(self.now))?;
            body.serialize_entry("session", session)?;
        }
        body.end()
    }
}

/// The schema of an error. Further fields depend on the action.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used; an error has more fields than can be listed")]
pub(crate) struct ErrorFields {
    code: ErrorCode,
    message: String,
    outcome: RunOutcome,
    retryable: bool,
    hint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionView>,
}

impl ErrorFields {
    const NAMES: [&'static str; 9] =
        ["code", "message", "outcome", "retryable", "hint", "reason", "retryAfterMs", "expiresInSeconds", "session"];
}

/// The empty result of a request that returns nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Empty {}

/// The result of `connection.hello`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Identifies this connection in the events of its actions.
    pub connection_id: Arc<str>,
    /// Name and version of the server.
    pub server: &'static str,
    /// The process that answers.
    pub instance: Arc<str>,
    /// Longest silence of the server, in milliseconds.
    pub max_idle_ms: u64,
    /// The server's clock.
    pub server_time: Timestamp,
    /// What this connection may do.
    pub scope: Scope,
    /// The limits that this connection must keep to.
    pub limits: ToldLimits,
}

/// The result of `connection.ping`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pong {
    /// The server's clock.
    pub server_time: Timestamp,
}

/// The result of methods about one session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionResult {
    /// The session as it is now.
    pub session: ConnectableSession,
    /// Remaining seconds, rounded up; 0 only after the end.
    pub expires_in_seconds: u64,
    /// Whether the key matched an earlier create, whose session this is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

impl SessionResult {
    /// The result about this session, with the address for its CDP clients if it has one.
    pub fn of(session: SessionView, connect_url: Option<String>, now: Timestamp) -> Self {
        let expires_in_seconds = session.expires_in_seconds(now);
        let session = ConnectableSession { view: session.accrued(now), connect_url };
        Self { session, expires_in_seconds, replayed: false }
    }
}

/// A session, with the address for its CDP clients.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectableSession {
    /// The session.
    #[serde(flatten)]
    pub view: SessionView,
    /// The address for CDP clients of a session created with `cdp`, while the session is active. It is present in the
    /// answers to `session.create` and `session.get` on a channel that may drive. It contains a credential, which is
    /// valid for connecting for five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_url: Option<String>,
}

/// The result of `session.list`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionsResult {
    /// The active sessions, oldest first.
    pub sessions: Vec<SessionView>,
    /// The number of active sessions.
    pub active_session_count: usize,
}

/// The result of `session.cancel`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cancelled {
    /// Whether such an action was waiting or running.
    pub cancelled: bool,
}

/// The result of `session.subscribe`.
#[derive(Debug, Serialize)]
pub struct Subscribed<'a> {
    /// Whether `events` continues exactly where `since` stopped.
    pub recovered: bool,
    /// The epoch of the session's log.
    pub epoch: &'a Epoch,
    /// The sequence number of the log's newest event.
    pub seq: u64,
    /// The state of the session at that event.
    pub snapshot: Snapshot<'a>,
    /// The events after `since`.
    pub events: Vec<EventFrame<'a, &'a EventKind>>,
}

/// The state of a session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot<'a> {
    /// The session.
    pub session: &'a SessionView,
    /// The address of its page; empty before the first navigation.
    pub url: &'a str,
    /// Remaining milliseconds.
    pub remaining_ms: u64,
}
