//! The caller of the engine, and how a caller names an action.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{account::UserId, session::IdempotencyKey};

/// An authenticated caller. Authentication happens before a call; the engine checks ownership of sessions.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user on whose behalf the call is made.
    pub user: UserId,
    /// Id of the caller's connection, shown in events as `by`; `None` for callers without a connection.
    pub connection: Option<Arc<str>>,
    /// Limits how long the caller waits for an action to begin; `None` means as long as the session lives.
    pub cancel_check: Option<CancelCheck>,
}

/// Tells whether the caller still waits. An action whose caller has been answered that it timed out must not begin.
#[derive(Clone)]
pub struct CancelCheck(Arc<dyn Fn() -> bool + Send + Sync>);

impl CancelCheck {
    /// A check for a caller who waits as long as `lasts` returns true.
    pub fn new(lasts: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(lasts))
    }

    pub(crate) fn lasts(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for CancelCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelCheck").field(&self.lasts()).finish()
    }
}

impl Caller {
    /// A caller without a connection.
    pub fn user(user: UserId) -> Self {
        Self { user, connection: None, cancel_check: None }
    }
}

/// The name of a waiting or running action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionName {
    /// The id from its `action.started` event.
    Id(String),
    /// The idempotency key it was sent with.
    Key(IdempotencyKey),
}
