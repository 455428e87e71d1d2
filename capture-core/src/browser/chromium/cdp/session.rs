//! Commands to one page.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{CdpError, Connection, Pending};

/// Names a page on a connection; the empty one is the browser itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) struct SessionKey(Arc<str>);

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

    /// Sends a command now and returns its reply to come.
    pub(in super::super) fn send<P: Serialize>(&self, method: &'static str, params: &P) -> Pending {
        self.connection.send(self.key.as_ref(), method, params)
    }

    /// The same, with a decoded reply. Sent now, not when first polled.
    pub(in super::super) fn ask<T: DeserializeOwned, P: Serialize>(
        &self,
        method: &'static str,
        params: &P,
    ) -> impl Future<Output = Result<T, CdpError>> + use<T, P> {
        self.send(method, params).decode(method)
    }

    /// The same, with a reply nobody looks at.
    pub(in super::super) fn tell<P: Serialize>(
        &self,
        method: &'static str,
        params: &P,
    ) -> impl Future<Output = Result<(), CdpError>> + use<P> {
        let sent = self.send(method, params);
        async move { sent.await.map(|_: Box<RawValue>| ()) }
    }
}
