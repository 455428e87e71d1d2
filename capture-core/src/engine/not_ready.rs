//! Why no session can be created now, as a health check reports it.

use crate::browser::Unavailable;

/// Why no session can be created in this process now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotReady {
    /// The engine refuses creates because it is about to stop.
    #[error("draining")]
    Draining,
    /// The last heartbeat could not be written.
    #[error("{0}")]
    Ledger(String),
    /// There is no browser.
    #[error("{}", .0.sentence())]
    Browser(Unavailable),
}
