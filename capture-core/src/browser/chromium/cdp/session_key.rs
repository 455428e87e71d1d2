//! The name of a page on a connection. Knows nothing of the connection.

use std::{borrow::Borrow, sync::Arc};

/// Names a page on a connection; the empty one is the browser itself.
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
