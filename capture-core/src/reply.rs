//! How an action was answered, and the body that says so in every transport, with the time left as it is written.

use std::sync::Arc;

use serde::Serialize;

use crate::{action::Outcome, clock::Timestamp, error::RunOutcome, session::SessionView};

/// How an action ended well.
#[derive(Debug, Clone)]
pub struct ActionReply {
    /// Names this run in events.
    pub action_id: Arc<str>,
    /// How long it ran, waiting in the queue not counted.
    pub duration_ms: u64,
    /// What it brought.
    pub outcome: Arc<Outcome>,
    /// Position of its `action.finished` in the session's log.
    pub seq: u64,
    /// Whether an idempotency key found an earlier run.
    pub replayed: bool,
    /// The session right after the action.
    pub session: Arc<SessionView>,
}

impl ActionReply {
    /// Roughly the bytes it takes to keep.
    pub fn weight(&self) -> usize {
        256 + self.outcome.json_bytes()
    }
}

/// What an execute brings.
#[derive(Debug, Clone)]
pub enum Executed {
    /// The reply of the action.
    Reply(ActionReply),
    /// The key is known and ran, its result is gone; the session as it is now.
    Dropped(Box<SessionView>),
}

/// The body that answers an action.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ActionBody<'a> {
    /// What it brought.
    Acted(Acted<'a>),
    /// It ran earlier, and its result is no longer kept.
    Dropped(Dropped),
}

/// What an action brought.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Acted<'a> {
    success: bool,
    action_id: &'a str,
    duration_ms: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    #[serde(flatten)]
    outcome: &'a Outcome,
    expires_in_seconds: u64,
}

/// Said of a repeated action whose result is gone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dropped {
    success: bool,
    replayed: bool,
    result_dropped: bool,
    outcome: RunOutcome,
    expires_in_seconds: u64,
}

impl Executed {
    /// The body that says so.
    pub fn body(&self, now: Timestamp) -> ActionBody<'_> {
        match self {
            Self::Reply(reply) => ActionBody::Acted(reply.body(now)),
            Self::Dropped(session) => ActionBody::Dropped(Dropped {
                success: true,
                replayed: true,
                result_dropped: true,
                outcome: RunOutcome::Executed,
                expires_in_seconds: session.expires_in_seconds(now),
            }),
        }
    }
}

impl ActionReply {
    /// The body that says so.
    pub fn body(&self, now: Timestamp) -> Acted<'_> {
        Acted {
            success: true,
            action_id: &self.action_id,
            duration_ms: self.duration_ms,
            replayed: self.replayed,
            outcome: &self.outcome,
            expires_in_seconds: self.session.expires_in_seconds(now),
        }
    }
}
