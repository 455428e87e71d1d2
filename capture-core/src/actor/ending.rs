//! Ends a session: closes its page, writes its bill to the ledger and answers everyone who waits.

use std::sync::Arc;

use super::{
    settle::{END_TIMEOUT, settle, unrecorded},
    task::Actor,
};
use crate::{
    error::{Error, RunOutcome},
    event::{EventKind, SessionClosed},
    session::CloseReason,
};

impl Actor {
    /// Closes the page, settles the bill and publishes the end, after which every waiting caller is answered. A caller
    /// whose action was interrupted and callers that requested the end wait only a limited time; after it they get an
    /// error which says that the end is not recorded yet.
    pub(super) async fn finish(mut self, reason: CloseReason) {
        let now = self.services.clock.now();
        self.live_view.end();
        // Dropping the running action is its cancellation.
        let mut cut_off = self.running.take().map(|running| running.job);
        self.let_go();
        self.lifecycle.usage = self.usage.lock().clone();
        let last = self.lifecycle.clone().settle(reason, now);
        let close = tokio::time::timeout(self.services.limits.close_timeout, Arc::clone(&self.page).close());
        let mut ending = std::pin::pin!(async { tokio::join!(settle(&*self.services.ledger, last), close) });
        let in_time = tokio::time::timeout(END_TIMEOUT, ending.as_mut()).await;
        if in_time.is_err()
            && let Some(job) = cut_off.take()
        {
            self.answer(job, Err(Arc::new(unrecorded().with_outcome(RunOutcome::Unknown))));
        }
        let (last, closed) = match in_time {
            Ok(ended) => ended,
            Err(_elapsed) => ending.await,
        };
        if closed.is_err() {
            tracing::warn!(session.id = %last.id, "page did not close in time; its browser will be retired");
        }
        tracing::info!(
            session.id = %last.id,
            reason = reason.as_str(),
            duration_seconds = last.duration_seconds,
            billed_credits = last.billed_credits,
            "session ended"
        );
        self.log.append(EventKind::SessionClosed(SessionClosed { session: Box::new(last.clone()) }));
        self.publish.send_replace(last.clone());
        if let Some(job) = cut_off {
            let error = Error::inactive(last).with_outcome(RunOutcome::Unknown);
            self.answer(job, Err(Arc::new(error)));
        }
    }

    /// Refuses new actions. Callers of actions that never began wait for the end of the session instead.
    pub(super) fn let_go(&mut self) {
        self.waiting.close();
        self.control.close();
        while self.control.try_recv().is_ok() {}
        self.renewing = None;
    }
}
