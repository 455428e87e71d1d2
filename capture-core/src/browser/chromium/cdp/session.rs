//! Sends commands to one page.
//!
//! This module must not know contexts.

use chromiumoxide::Command;

use super::{
    SessionKey,
    connection::{Connection, Pending},
};

/// A page or the browser as a receiver of commands. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct CdpSession {
    connection: Connection,
    key: Option<SessionKey>,
}

impl CdpSession {
    /// The browser itself.
    pub(crate) fn browser(connection: Connection) -> Self {
        Self { connection, key: None }
    }

    /// One page.
    pub(crate) fn page(connection: Connection, key: SessionKey) -> Self {
        Self { connection, key: Some(key) }
    }

    /// Sends a command at once, not when first polled, and returns its pending reply.
    pub(crate) fn send(&self, command: &impl Command) -> Pending {
        self.connection.send(self.key.as_ref(), command)
    }
}
