//! A page together with the resources that must be released when its session ends.
//!
//! This module must not know browsers.

use std::{fmt, sync::Arc};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use tokio::time::Instant;

use super::browsers::Counted;
use crate::{
    account::UserId,
    action::{Action, Outcome},
    browser::{BrowserError, CdpClient, LostReason, OpenPage, Page, Screencast, ViewFrame},
    egress::{Traffic, Upstream},
    render::{RenderRequest, Rendering},
};

/// The resource a page got for its session: a place in a shared browser, or a dedicated browser.
///
/// Dropping it also releases the resource, for pages that are never closed.
pub(super) trait Lease: fmt::Debug + Send + Sync + 'static {
    /// Counts an operation on the page for as long as the value lives, where the resource limits how many run.
    fn operation(&self) -> Option<Counted> {
        None
    }

    /// Closes the page and releases the resource.
    fn close(&self, page: Arc<dyn Page>) -> BoxFuture<'static, ()>;
}

/// A page that holds its lease until it is closed or dropped.
#[derive(Debug)]
struct Leased<L> {
    page: Arc<dyn Page>,
    lease: L,
}

/// Attaches the lease to a page.
pub(super) fn hold(opened: OpenPage, lease: impl Lease) -> OpenPage {
    let OpenPage { page, events, lines } = opened;
    OpenPage { page: Arc::new(Leased { page, lease }), events, lines }
}

impl<L: Lease> Leased<L> {
    /// Counts an operation until it has ended or is dropped.
    fn counted<T: 'static>(&self, operation: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
        let counted = self.lease.operation();
        async move {
            let _counted = counted;
            operation.await
        }
        .boxed()
    }
}

impl<L: Lease> Page for Leased<L> {
    fn perform(
        self: Arc<Self>,
        action: Action,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Outcome, BrowserError>> {
        self.counted(Arc::clone(&self.page).perform(action, deadline))
    }

    fn render(
        self: Arc<Self>,
        request: Arc<RenderRequest>,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Rendering, BrowserError>> {
        self.counted(Arc::clone(&self.page).render(request, deadline))
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

    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, BrowserError>> {
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
        let closing = self.lease.close(Arc::clone(&self.page));
        async move {
            closing.await;
            drop(self); // the lease must not be dropped before its page is closed
        }
        .boxed()
    }
}
