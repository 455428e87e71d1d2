//! The caller of the engine, and how a caller names an action.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{account::UserId, session::IdempotencyKey};

/// An authenticated caller. Authentication happens before a call; the engine checks ownership of sessions.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user on whose behalf the call is made.
    pub user: UserId,
    /// Id of the caller's connection, shown in events as `by`; `None` for callers without a connection.
    pub connection: Option<Arc<str>>,
}

impl Caller {
    /// A caller without a connection.
    pub fn user(user: UserId) -> Self {
        Self { user, connection: None }
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
