//! What a session's actor is given: actions on their way to the page, and what it can be told meanwhile.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::dedupe::Ending;
use crate::{
    action::Action,
    call::{ActionName, CancelCheck},
    error::{Error, ErrorCode, RunOutcome},
    session::{IdempotencyKey, SessionView},
};

/// What whoever waits for a cancelled action is told.
pub(super) fn cancelled(outcome: RunOutcome) -> Error {
    Error::new(ErrorCode::ActionFailed, "cancelled by its driver").with_reason("cancelled").with_outcome(outcome)
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
    /// When whoever asked has been told that it timed out: then it must not begin any more.
    pub(super) fn still_wanted(&self) -> Result<(), Error> {
        match &self.cancel_check {
            Some(cancel_check) if !cancel_check.lasts() => {
                Err(Error::new(ErrorCode::Unavailable, "whoever asked has given up").with_reason("given_up"))
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

/// What a session can be told at any time, whatever runs.
#[derive(Debug)]
pub(crate) enum Control {
    /// End, as asked by the user.
    Close,
    /// End: others have settled it.
    Lose,
    /// A new deadline this long from now.
    Renew { ttl: Duration, reply: oneshot::Sender<Result<SessionView, Error>> },
    /// Stop the running action if this is its name.
    Cancel { name: ActionName, reply: oneshot::Sender<bool> },
}
