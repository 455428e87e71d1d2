//! Who calls the engine, and how the caller names an action.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{account::UserId, session::IdempotencyKey};

/// Who asks. Authentication happened before; ownership is judged by the engine.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// Names the connection in events (`by`), where there is one.
    pub connection: Option<Arc<str>>,
    /// How long the caller waits for an action to begin; absent: as long as the session lives.
    pub cancel_check: Option<CancelCheck>,
}

/// Whether someone still waits. An action whose caller has been told that it timed out never begins.
#[derive(Clone)]
pub struct CancelCheck(Arc<dyn Fn() -> bool + Send + Sync>);

impl CancelCheck {
    /// Lasts as long as `lasts` says so.
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
    /// A caller without a connection of its own.
    pub fn user(user: UserId) -> Self {
        Self { user, connection: None, cancel_check: None }
    }
}

/// Names an action that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionName {
    /// As its `action.started` named it.
    Id(String),
    /// The key it was sent with.
    Key(IdempotencyKey),
}
