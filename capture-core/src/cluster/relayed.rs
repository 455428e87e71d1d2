//! Results and errors on their way from the instance that has the page to the instance that has the client.
//!
//! A result travels as the fields of its reply. Only a picture has a form of its own, because REST can return the
//! picture itself as the body.

use std::time::Duration;

use bytes::Bytes;
use rmpv::Value;
use serde::{Deserialize, Serialize};

use crate::{
    action::{ActionResult, Effects, Outcome, Picture, PictureFormat, RelayedFields},
    error::{Error, ErrorCode, RunOutcome},
    session::SessionView,
};

/// A result on its way between instances.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum RelayedOutcome {
    /// The fields of the reply as MessagePack.
    Fields(Bytes),
    /// A picture, and the effects of the action that returned it.
    Picture { format: String, body: Bytes, width: u32, height: u32, clamped: bool, effects: Effects },
}

impl RelayedOutcome {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let ActionResult::Screenshot(picture) = &outcome.result else {
            return Self::Fields(rmp_serde::to_vec_named(outcome).map(Bytes::from).unwrap_or_default());
        };
        Self::Picture {
            format: picture.format.as_str().to_owned(),
            body: picture.body.clone(),
            width: picture.width,
            height: picture.height,
            clamped: picture.clamped,
            effects: outcome.effects.clone(),
        }
    }

    /// The result for the client; `None` when it cannot be parsed.
    pub(super) fn read(self) -> Option<Outcome> {
        match self {
            Self::Fields(bytes) => {
                let fields = rmpv::decode::read_value(&mut bytes.as_ref()).ok()?;
                let Value::Map(entries) = fields else { return None };
                Some(ActionResult::Relayed(RelayedFields::from(entries)).into())
            }
            Self::Picture { format, body, width, height, clamped, effects } => {
                let format = PictureFormat::ALL.into_iter().find(|known| known.as_str() == format)?;
                let picture = Picture { format, body, width, height, clamped };
                Some(Outcome { result: ActionResult::Screenshot(picture), effects, screenshot: None })
            }
        }
    }
}

/// An error on its way between instances. The source is left out; it stays in the log of the instance where the error
/// occurred.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RelayedError {
    code: ErrorCode,
    message: String,
    reason: Option<String>,
    outcome: RunOutcome,
    hint: String,
    retry_after_ms: Option<u64>,
    session: Option<Box<SessionView>>,
    /// The details as JSON text.
    details: String,
    seq: Option<u64>,
}

impl From<&Error> for RelayedError {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code(),
            message: error.message().to_owned(),
            reason: error.reason().map(ToOwned::to_owned),
            outcome: error.outcome(),
            hint: error.hint().to_owned(),
            retry_after_ms: error.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            session: error.session().cloned().map(Box::new),
            details: serde_json::to_string(error.details()).unwrap_or_default(),
            seq: error.seq(),
        }
    }
}

impl From<RelayedError> for Error {
    fn from(relayed: RelayedError) -> Self {
        let details = serde_json::from_str(&relayed.details).unwrap_or_default();
        let mut error = Self::new(relayed.code, relayed.message)
            .with_outcome(relayed.outcome)
            .with_hint(relayed.hint)
            .with_details(details)
            .with_seq(relayed.seq.unwrap_or(0));
        if let Some(reason) = relayed.reason {
            error = error.with_reason(reason);
        }
        if let Some(wait) = relayed.retry_after_ms {
            error = error.with_retry_after(Duration::from_millis(wait));
        }
        if let Some(session) = relayed.session {
            error = error.with_session(*session);
        }
        error
    }
}
