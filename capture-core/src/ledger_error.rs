//! The error of stores of users and sessions: the store could not be read or written.

use crate::error::{Error, ErrorCode};

/// The store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the ledger cannot {what}")]
pub struct LedgerError {
    /// What was attempted, as a verb phrase.
    pub what: &'static str,
    /// The cause.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl LedgerError {
    /// An error of this attempt with its cause.
    pub fn new(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { what, source: source.into() }
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        let hint = "retry after a moment; nothing was charged for this request";
        Self::new(ErrorCode::Unavailable, format!("{error} at the moment")).with_source(error).with_hint(hint)
    }
}
