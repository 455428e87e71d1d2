//! A session's place in a browser of the pool.
//!
//! Knows nothing of how the browser came to be, or of what the page does.

use std::sync::{Arc, Weak};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    assignment::BrowserId,
    browsers::{Counted, Pool},
    leased::Lease,
};
use crate::{
    action::{Action, Outcome},
    browser::{BrowserError, Page},
};

/// A place in a browser, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    pool: Weak<Pool>,
    browser: BrowserId,
}

impl Slot {
    pub(super) fn new(pool: &Arc<Pool>, browser: BrowserId) -> Self {
        Self { pool: Arc::downgrade(pool), browser }
    }

    /// The lease of a page that holds this place.
    pub(super) fn lease(self, pool: &Arc<Pool>) -> SlotLease {
        SlotLease { pool: Arc::clone(pool), place: Mutex::new(Some(self)) }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        pool.state.lock().assignment.released(self.browser, Instant::now());
        pool.close_done();
        pool.wake.notify_one();
    }
}

/// Tells the pool when its page works, and gives the place back once the page is closed.
#[derive(Debug)]
pub(super) struct SlotLease {
    pool: Arc<Pool>,
    place: Mutex<Option<Slot>>,
}

impl Lease for SlotLease {
    fn perform(
        &self,
        page: Arc<dyn Page>,
        action: Action,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Outcome, BrowserError>> {
        let busy = Arc::clone(&self.pool.busy);
        async move {
            let _busy = Counted::new(&busy);
            page.perform(action, deadline).await
        }
        .boxed()
    }

    fn close(&self, page: Arc<dyn Page>) -> BoxFuture<'static, ()> {
        // A task of its own: the context is closed even when the caller no longer waits for it.
        let (done, closed) = tokio::sync::oneshot::channel();
        let place = self.place.lock().take();
        self.pool.runtime.tasks.spawn(async move {
            page.close().await;
            drop(place);
            let _ = done.send(()); // the caller may have left
        });
        async move {
            let _ = closed.await; // the pool is shut down: everything is closed
        }
        .boxed()
    }
}
