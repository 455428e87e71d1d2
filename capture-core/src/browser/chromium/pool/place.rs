//! A session's place in a browser of the pool, and the page that holds it.

use std::sync::{Arc, Weak};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Counted, Pool, assignment::BrowserId};
use crate::{
    account::UserId,
    action::{Action, Outcome},
    browser::{CdpClient, Fault, LostReason, OpenPage, Page, Screencast, ViewFrame},
    egress::{Traffic, Upstream},
};

/// A place in a browser, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    pool: Weak<Pool>,
    browser: BrowserId,
}

impl Place {
    pub(super) fn new(pool: &Arc<Pool>, browser: BrowserId) -> Self {
        Self { pool: Arc::downgrade(pool), browser }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        pool.state.lock().assignment.released(self.browser, Instant::now());
        pool.close_done();
        pool.wake.notify_one();
    }
}

/// A page that tells its pool when it works and when it is done.
#[derive(Debug)]
struct Pooled {
    page: Arc<dyn Page>,
    pool: Arc<Pool>,
    place: Mutex<Option<Place>>,
}

/// The page of a session, which holds its place until it is closed or dropped.
pub(super) fn hold(opened: OpenPage, place: Place, pool: &Arc<Pool>) -> OpenPage {
    let OpenPage { page, events, lines } = opened;
    let page = Arc::new(Pooled { page, pool: Arc::clone(pool), place: Mutex::new(Some(place)) });
    OpenPage { page, events, lines }
}

impl Page for Pooled {
    fn perform(self: Arc<Self>, action: Action, deadline: Instant) -> BoxFuture<'static, Result<Outcome, Fault>> {
        async move {
            let _busy = Counted::new(&self.pool.busy);
            Arc::clone(&self.page).perform(action, deadline).await
        }
        .boxed()
    }

    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Arc::clone(&self.page).give_up()
    }

    fn screencast(self: Arc<Self>, settings: Screencast) -> BoxStream<'static, ViewFrame> {
        Arc::clone(&self.page).screencast(settings)
    }

    fn lost(&self) -> BoxFuture<'static, LostReason> {
        self.page.lost()
    }

    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, Fault>> {
        Arc::clone(&self.page).connect()
    }

    fn traffic(&self) -> Option<Traffic> {
        self.page.traffic()
    }

    fn belongs_to(&self, user: &UserId) {
        self.page.belongs_to(user);
    }

    fn route_through(&self, upstream: Option<Upstream>) {
        self.page.route_through(upstream);
    }

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        // A task of its own: the context is closed even when nobody waits for it any longer.
        let (done, closed) = tokio::sync::oneshot::channel();
        self.pool.ground.tasks.clone().spawn(async move {
            Arc::clone(&self.page).close().await;
            let place = self.place.lock().take();
            drop(place);
            let _ = done.send(()); // nobody waits any longer
        });
        async move {
            let _ = closed.await; // the pool is shut down: everything is closed
        }
        .boxed()
    }
}
