//! How CDP clients get into a session, and that none gets into one that is ending.
//!
//! A session's end is published when its page is closed and its price is in the books; its browser may still answer
//! until then. Whoever asks meanwhile waits for the end and is told it.

use std::{sync::Arc, time::Duration};

use super::{
    SessionView,
    ending::{END_TIMEOUT, unrecorded},
    handle::{Handle, OVERDUE},
};
use crate::{
    browser::{CdpClient, Fault, LostReason, Page},
    clock::Clock,
    error::{Error, ErrorCode},
};

impl Handle {
    /// Lets a CDP client in, of one target where that is named.
    pub(crate) async fn connect(&self, target: Option<&str>, clock: Clock) -> Result<CdpClient, Error> {
        let view = self.view();
        if !view.options.cdp {
            return Err(Error::invalid("this session was not created with cdp: true").with_session(view));
        }
        if self.is_ending(&view, clock) {
            return Err(self.over(clock).await);
        }
        let connected = match self.page.upgrade() {
            Some(page) => open(page, target).await,
            None => Err(Fault::Lost(LostReason::BrowserExited)),
        };
        match connected {
            // It began to end while the browser was asked.
            _ if self.is_ending(&self.view(), clock) => Err(self.over(clock).await),
            Ok(client) => Ok(client.counted(self.pools.cdp_in.share(&self.user), self.pools.cdp_out.share(&self.user))),
            Err(fault @ Fault::Failed { .. }) => Err(Error::from(fault).with_session(view)),
            Err(fault) => Err(match self.last_within(OVERDUE, clock).await {
                Some(last) if !last.is_active() => Error::inactive(last), // that is why it did not answer
                _ => Error::from(fault).with_session(view),
            }),
        }
    }

    /// Whether its time is up or its end has begun, published or not.
    fn is_ending(&self, view: &SessionView, clock: Clock) -> bool {
        !view.is_active() || view.expires_at <= clock.now() || self.control.is_closed()
    }

    /// Why a session that is ending lets nobody in: its final view, as soon as there is one.
    async fn over(&self, clock: Clock) -> Error {
        match self.last_within(END_TIMEOUT, clock).await {
            Some(last) if !last.is_active() => Error::inactive(last),
            Some(renewed) => Error::new(ErrorCode::Busy, "the session was renewed at its last moment")
                .with_retry_after(OVERDUE)
                .with_session(renewed),
            None => unrecorded(),
        }
    }

    /// The session once it has ended, or goes on after all.
    async fn last_within(&self, patience: Duration, clock: Clock) -> Option<SessionView> {
        let mut view = self.view.clone();
        let decided =
            view.wait_for(|view| !view.is_active() || (view.expires_at > clock.now() && !self.control.is_closed()));
        let decided = tokio::time::timeout(patience, decided).await;
        decided.ok()?.ok().map(|view| view.clone())
    }
}

/// A client of the page's browser, or of one of its targets.
async fn open(page: Arc<dyn Page>, target: Option<&str>) -> Result<CdpClient, Fault> {
    let client = page.connect().await?;
    if let Some(target) = target {
        client.commands.speak_with(target).await?;
    }
    Ok(client)
}
