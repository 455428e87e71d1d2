//! Connects CDP clients to the browser of a session, and refuses them once the session is ending.
//!
//! The end of a session is published after its page is closed and its bill is in the ledger; the browser may still
//! answer until then. A client that connects in between waits for the end and gets the final view as an error.

use std::{sync::Arc, time::Duration};

use super::{
    handle::{Handle, OVERDUE},
    settle::{END_TIMEOUT, unrecorded},
};
use crate::{
    browser::{BrowserError, CdpClient, LostReason, Page, Unavailable},
    clock::Clock,
    error::{Error, ErrorCode},
    session::SessionView,
};

/// How long the browser may take to accept a client. A browser that hangs is detected by its watchdog.
const LET_IN: Duration = Duration::from_secs(10);

impl Handle {
    /// Connects a CDP client to the page's browser, or to one target if `target` is given.
    pub(crate) async fn connect(&self, target: Option<&str>, clock: Clock) -> Result<CdpClient, Error> {
        let view = self.view();
        if !view.options.cdp {
            return Err(Error::invalid("this session was not created with cdp: true").with_session(view));
        }
        if self.is_ending(&view, clock) {
            return Err(self.over(clock).await);
        }
        let connected = match self.page.upgrade() {
            Some(page) => tokio::time::timeout(LET_IN, open(page, target)).await.unwrap_or_else(|_elapsed| Err(late())),
            None => Err(BrowserError::Lost(LostReason::BrowserExited)),
        };
        match connected {
            // The session began to end while the browser was being asked.
            _ if self.is_ending(&self.view(), clock) => Err(self.over(clock).await),
            Ok(client) => Ok(client.counted(self.pools.cdp_in.share(&self.user), self.pools.cdp_out.share(&self.user))),
            Err(fault @ BrowserError::Failed { .. }) => Err(Error::from(fault).with_session(view)),
            Err(fault) => Err(match self.once(OVERDUE, |view| !view.is_active()).await {
                Some(last) => Error::inactive(last), // the end is the reason why the browser did not answer
                None => Error::from(fault).with_session(view),
            }),
        }
    }

    /// Whether the session's deadline has passed or its end has begun, published or not.
    fn is_ending(&self, view: &SessionView, clock: Clock) -> bool {
        !view.is_active() || view.expires_at <= clock.now() || self.control.is_closed()
    }

    /// The error for a client of a session that is ending: it holds the final view, if that appears in time.
    async fn over(&self, clock: Clock) -> Error {
        match self.once(END_TIMEOUT, |view| !view.is_active() || !self.is_ending(view, clock)).await {
            Some(last) if !last.is_active() => Error::inactive(last),
            Some(renewed) => Error::new(ErrorCode::Busy, "the session was renewed at its last moment")
                .with_retry_after(OVERDUE)
                .with_session(renewed),
            None => unrecorded(),
        }
    }

    /// The session's view as soon as it satisfies `so`; `None` when that takes longer than `patience`.
    async fn once(&self, patience: Duration, so: impl FnMut(&SessionView) -> bool) -> Option<SessionView> {
        let mut view = self.view.clone();
        let seen = tokio::time::timeout(patience, view.wait_for(so)).await;
        seen.ok()?.ok().map(|view| view.clone())
    }
}

fn late() -> BrowserError {
    Unavailable::Other(format!("the browser did not accept the client within {} s", LET_IN.as_secs())).into()
}

/// Connects to the page's browser, or to one of its targets.
async fn open(page: Arc<dyn Page>, target: Option<&str>) -> Result<CdpClient, BrowserError> {
    let client = page.connect().await?;
    if let Some(target) = target {
        client.commands.speak_with(target).await?;
    }
    Ok(client)
}
