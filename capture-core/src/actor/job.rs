//! The input of a session's actor: actions to run, and control messages that may arrive while one is running.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{cancel_check::CancelCheck, dedupe::Ending};
use crate::{
    action::Action,
    call::ActionName,
    error::{Error, ErrorCode, RunOutcome},
    session::{IdempotencyKey, Keyed, SessionView},
};

/// The error for the caller of a cancelled action.
pub(super) fn cancelled(outcome: RunOutcome) -> Error {
    Error::new(ErrorCode::ActionFailed, "cancelled by its driver").with_reason("cancelled").with_outcome(outcome)
}

/// An action as a caller requests it.
#[derive(Debug)]
pub(crate) struct ActionRequest {
    pub(crate) action: Action,
    pub(crate) keyed: Option<Keyed>,
    /// Limits how long the caller waits for the action to begin; `None` means as long as the session lives.
    pub(crate) cancel_check: Option<CancelCheck>,
}

/// One action on its way to the page.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) action: Action,
    pub(crate) action_id: Arc<str>,
    pub(crate) by: Option<Arc<str>>,
    pub(crate) cancel_check: Option<CancelCheck>,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) reply: oneshot::Sender<Ending>,
}

impl Job {
    /// # Errors
    /// When the caller has already been answered that the action timed out, since the action must not begin after that.
    pub(super) fn still_wanted(&self) -> Result<(), Error> {
        match &self.cancel_check {
            Some(cancel_check) if !cancel_check.lasts() => {
                Err(Error::new(ErrorCode::Unavailable, "the caller no longer waits").with_reason("given_up"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn is_named(&self, name: &ActionName) -> bool {
        match name {
            ActionName::Id(id) => *self.action_id == **id,
            ActionName::Key(key) => self.key.as_ref() == Some(key),
        }
    }
}

/// Control messages. The actor takes them at any time, also while an action is running.
#[derive(Debug)]
pub(crate) enum Control {
    /// End the session at the user's request.
    Close,
    /// End the session because another instance has settled it.
    Lose,
    /// Set a new deadline, `ttl` from now.
    Renew { ttl: Duration, reply: oneshot::Sender<Result<SessionView, Error>> },
    /// Stop the running action if it has this name.
    Cancel { name: ActionName, reply: oneshot::Sender<bool> },
}
