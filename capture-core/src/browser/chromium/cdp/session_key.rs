//! The id of a page on a connection. This module must not know the connection.

use std::{borrow::Borrow, sync::Arc};

/// Identifies a page on a connection; the empty key is the browser itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey(Arc<str>);

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
