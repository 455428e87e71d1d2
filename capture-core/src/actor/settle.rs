//! Writes a session's end into the ledger, and says how long a caller waits for that.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    error::{Error, ErrorCode},
    ledger::Ledger,
    session::SessionView,
};

/// How long the end of a session is tried to be written before it is left to the next start's recovery.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the end of a session may take before a caller is told to ask again.
pub(super) const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Writes the end into the ledger, and tries again while it cannot be reached.
pub(super) async fn settle(ledger: &dyn Ledger, last: SessionView) -> SessionView {
    let give_up = Instant::now() + SETTLE_TIMEOUT;
    let mut pause = Duration::from_millis(50);
    loop {
        match ledger.settle(last.clone()).await {
            Ok(stored) => return stored,
            Err(error) if Instant::now() >= give_up => {
                tracing::error!(session.id = %last.id, %error, "session not settled; the next start's recovery will");
                return last;
            }
            Err(error) => tracing::warn!(session.id = %last.id, %error, "settling failed; trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// The session ends, and the ledger cannot be reached.
pub(super) fn unrecorded() -> Error {
    let seconds = END_TIMEOUT.as_secs();
    Error::new(
        ErrorCode::Unavailable,
        format!("the session is ending, but its end could not be recorded within {seconds} s"),
    )
    .with_hint("ask for the session again: it is charged once, whatever happens")
}
