//! The place of a session in a browser of the pool.
//!
//! This module must not know how the browser was started, or what the page does.

use std::sync::{Arc, Weak};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    assignment::BrowserId,
    browsers::{Counted, Pool},
    leased::Lease,
};
use crate::browser::Page;

/// A place in a browser, released when dropped.
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

/// Tells the pool when its page is working, and releases the place once the page is closed.
#[derive(Debug)]
pub(super) struct SlotLease {
    pool: Arc<Pool>,
    place: Mutex<Option<Slot>>,
}

impl Lease for SlotLease {
    fn operation(&self) -> Option<Counted> {
        Some(Counted::new(&self.pool.busy))
    }

    fn close(&self, page: Arc<dyn Page>) -> BoxFuture<'static, ()> {
        // This is a task of its own, so that the context is closed even if the caller leaves.
        let (done, closed) = tokio::sync::oneshot::channel();
        let place = self.place.lock().take();
        self.pool.runtime.tasks.spawn(async move {
            page.close().await;
            drop(place);
            let _ = done.send(()); // fails when the caller has left
        });
        async move {
            let _ = closed.await; // fails when the pool is shut down, and then everything is closed
        }
        .boxed()
    }
}
