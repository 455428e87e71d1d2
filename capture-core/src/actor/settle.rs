//! Writes the end of a session to the ledger, and bounds how long a caller waits for that.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    error::{Error, ErrorCode},
    ledger::Ledger,
    session::SessionView,
};

/// How long writing the end of a session is retried. After that, recovery at the next start settles it.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the end of a session may take before its caller gets an error that asks for a retry.
pub(super) const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Writes the end to the ledger, and retries while the ledger is unavailable.
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

/// The error for a session that is ending while the ledger is unavailable.
pub(super) fn unrecorded() -> Error {
    let seconds = END_TIMEOUT.as_secs();
    Error::new(
        ErrorCode::Unavailable,
        format!("the session is ending, but its end could not be recorded within {seconds} s"),
    )
    .with_hint("ask for the session again: it is charged once, whatever happens")
}
