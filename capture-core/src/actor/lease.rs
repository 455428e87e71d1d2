//! The right to begin actions. Other instances may declare this one dead and settle its sessions, so the right lasts
//! only for a limited time after the last heartbeat that was stored. Pages, deadlines and viewers do not depend on it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use crate::error::{Error, ErrorCode};

/// A lease, shared by all sessions of one engine.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    within: Option<Duration>,
    last: Arc<Mutex<Instant>>,
}

impl Lease {
    /// A lease that begins now and lasts for `within`; with `None` it lasts for ever.
    pub(crate) fn new(within: Option<Duration>) -> Self {
        Self { within, last: Arc::new(Mutex::new(Instant::now())) }
    }

    /// A heartbeat that was sent at this moment has been stored.
    pub(crate) fn renew(&self, sent: Instant) {
        *self.last.lock() = sent;
    }

    /// # Errors
    /// When the lease has run out, so that no action may begin now.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let silence = self.last.lock().elapsed();
        match self.within {
            Some(within) if silence >= within => Err(Error::new(
                ErrorCode::Unavailable,
                format!("the server has not reached the ledger for {} s: no action may begin", silence.as_secs()),
            )
            .with_reason("owner_suspended")
            .with_retry_after(Duration::from_secs(2))
            .with_hint("retry after a moment: the page is kept until the session's time is up")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_ends_by_itself_and_comes_back_with_a_proof_of_life() {
        let (lease, forever) = (Lease::new(Some(Duration::from_secs(7))), Lease::new(None));
        tokio::time::advance(Duration::from_millis(6_999)).await;
        assert!(lease.check().is_ok());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(lease.check().unwrap_err().reason(), Some("owner_suspended"));
        assert!(forever.check().is_ok());
        lease.renew(Instant::now());
        assert!(lease.check().is_ok());
    }
}
