//! The reply to an action, and its body in every transport. The remaining time of the session is computed when the body
//! is made.

use std::{io::Write, sync::Arc};

use serde::Serialize;

use crate::{action::EncodedOutcome, clock::Timestamp, error::RunOutcome, session::SessionView};

/// The reply to an action that succeeded.
#[derive(Debug, Clone)]
pub struct ActionReply {
    /// Identifies this run in events.
    pub action_id: Arc<str>,
    /// Run time in milliseconds, without the time in the queue.
    pub duration_ms: u64,
    /// The result of the action.
    pub outcome: Arc<EncodedOutcome>,
    /// `seq` of its `action.finished` event in the session's log.
    pub seq: u64,
    /// Whether the reply repeats an earlier run with the idempotency key.
    pub replayed: bool,
    /// The session's view right after the action.
    pub session: Arc<SessionView>,
}

impl ActionReply {
    /// Approximate memory of the reply in bytes.
    pub fn weight(&self) -> usize {
        256 + self.outcome.weight()
    }
}

/// The result of an execute.
#[derive(Debug, Clone)]
pub enum Executed {
    /// The reply of the action.
    Reply(ActionReply),
    /// The action ran earlier with this key, and its result was dropped. Holds the current view of the session.
    Dropped(Box<SessionView>),
}

/// The body of a reply to an action.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ActionBody<'a> {
    /// The result of the action.
    Performed(ActionResponse<'a>),
    /// The action ran earlier, and its result was dropped.
    Dropped(DroppedResponse),
}

/// The body with the result of an action.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionResponse<'a> {
    success: bool,
    action_id: &'a str,
    duration_ms: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    #[serde(flatten)]
    outcome: &'a EncodedOutcome,
    expires_in_seconds: u64,
}

/// The body for a repeated action whose result was dropped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DroppedResponse {
    success: bool,
    replayed: bool,
    result_dropped: bool,
    outcome: RunOutcome,
    expires_in_seconds: u64,
}

impl Executed {
    /// The body of this reply, with the time left at `now`.
    pub fn body(&self, now: Timestamp) -> ActionBody<'_> {
        match self {
            Self::Reply(reply) => ActionBody::Performed(reply.body(now)),
            Self::Dropped(session) => ActionBody::Dropped(DroppedResponse {
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
    /// The body of this reply, with the time left at `now`.
    pub fn body(&self, now: Timestamp) -> ActionResponse<'_> {
        ActionResponse {
            success: true,
            action_id: &self.action_id,
            duration_ms: self.duration_ms,
            replayed: self.replayed,
            outcome: &self.outcome,
            expires_in_seconds: self.session.expires_in_seconds(now),
        }
    }
}

impl ActionBody<'_> {
    /// The body as JSON. An outcome that is already encoded is copied.
    ///
    /// # Errors
    /// None in practice: every type in the body has a JSON form.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::Performed(response) => response.to_json(),
            Self::Dropped(response) => serde_json::to_vec(response),
        }
    }
}

impl ActionResponse<'_> {
    fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let Some(fields) = self.outcome.json().and_then(|json| json.strip_prefix('{')?.strip_suffix('}')) else {
            return serde_json::to_vec(self);
        };
        let mut body = Vec::with_capacity(fields.len() + 160);
        body.extend_from_slice(b"{\"success\":true,\"actionId\":");
        serde_json::to_writer(&mut body, self.action_id)?;
        write!(body, ",\"durationMs\":{}", self.duration_ms).map_err(serde_json::Error::io)?;
        if self.replayed {
            body.extend_from_slice(b",\"replayed\":true");
        }
        if !fields.is_empty() {
            body.push(b',');
            body.extend_from_slice(fields.as_bytes());
        }
        write!(body, ",\"expiresInSeconds\":{}}}", self.expires_in_seconds).map_err(serde_json::Error::io)?;
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        action::{ActionResult, Outcome},
        session::{Lifecycle, SessionId, SessionOptions},
    };

    #[test]
    fn an_outcome_that_is_copied_reads_as_one_that_is_encoded() {
        let options = SessionOptions::with_ttl(Duration::from_secs(60));
        let session = Lifecycle::start(SessionId::new(), options, Timestamp(0), Timestamp(0)).view();
        for (result, replayed) in
            [(ActionResult::Title { title: "\"}{\u{1F600}\n".to_owned() }, false), (ActionResult::Done {}, true)]
        {
            let reply = ActionReply {
                action_id: "a_\"1".into(),
                duration_ms: 17,
                outcome: Arc::new(Outcome::from(result).into()),
                seq: 2,
                replayed,
                session: Arc::new(session.clone()),
            };
            let body = reply.body(Timestamp(0));
            assert_eq!(body.to_json().unwrap(), serde_json::to_vec(&body).unwrap());
        }
    }
}
