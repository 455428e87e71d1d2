//! Why an action of a session returned no outcome.

use crate::{browser::BrowserError, error::Error};

/// Why an action returned no outcome.
#[derive(Debug)]
pub(super) enum Failure {
    /// The action failed; the session goes on.
    Failed(Error),
    /// The page is lost: the session ends next, and its end is what the caller is answered.
    PageLost(Error),
}

impl Failure {
    pub(super) fn error(&self) -> &Error {
        let (Self::Failed(error) | Self::PageLost(error)) = self;
        error
    }

    /// The same failure with another error about it.
    pub(super) fn map(self, change: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(change(error)),
            Self::PageLost(error) => Self::PageLost(change(error)),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<BrowserError> for Failure {
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Lost(_) => Self::PageLost(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}
