//! A page together with the resources that must be released when its session ends.
//!
//! This module must not know browsers.

use std::{fmt, sync::Arc};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use tokio::time::Instant;

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
    /// Performs an action on the page.
    fn perform(
        &self,
        page: Arc<dyn Page>,
        action: Action,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Outcome, BrowserError>> {
        page.perform(action, deadline)
    }

    /// Renders a document on the page.
    fn render(
        &self,
        page: Arc<dyn Page>,
        request: Arc<RenderRequest>,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Rendering, BrowserError>> {
        page.render(request, deadline)
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

impl<L: Lease> Page for Leased<L> {
    fn perform(
        self: Arc<Self>,
        action: Action,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Outcome, BrowserError>> {
        self.lease.perform(Arc::clone(&self.page), action, deadline)
    }

    fn render(
        self: Arc<Self>,
        request: Arc<RenderRequest>,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Rendering, BrowserError>> {
        self.lease.render(Arc::clone(&self.page), request, deadline)
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
