//! Commands to one page.

use std::{borrow::Borrow, sync::Arc};

use chromiumoxide::Command;

use super::{Connection, Pending};

/// Names a page on a connection; the empty one is the browser itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) struct SessionKey(Arc<str>);

impl Borrow<str> for SessionKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SessionKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl AsRef<str> for SessionKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A page, or the browser, as a place to send commands to. Cloning is cheap.
#[derive(Debug, Clone)]
pub(in super::super) struct CdpSession {
    connection: Connection,
    key: Option<SessionKey>,
}

impl CdpSession {
    /// The browser itself.
    pub(in super::super) fn browser(connection: Connection) -> Self {
        Self { connection, key: None }
    }

    /// One page.
    pub(in super::super) fn page(connection: Connection, key: SessionKey) -> Self {
        Self { connection, key: Some(key) }
    }

    /// Sends a command now, not when first polled, and returns its reply to come.
    pub(in super::super) fn send(&self, command: &impl Command) -> Pending {
        self.connection.send(self.key.as_ref(), command)
    }
}
