//! The trait of pages, on which a session acts, for any browser.
//!
//! This module knows actions and their outcomes. It must not know sessions or credits.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::Instant};

use super::{cdp_client::CdpClient, error::BrowserError, lost::LostReason, unavailable::Unavailable};
use crate::{
    account::UserId,
    action::{Action, Outcome},
    egress::{Traffic, Upstream},
    event::{ConsoleFeed, EventKind},
    render::{RenderRequest, Rendering},
};

/// An isolated page with its tabs. The session runs its actions one at a time, so calls of `perform` do not overlap.
pub trait Page: Send + Sync + fmt::Debug {
    /// Performs one action, never a batch; ends by itself at `deadline`.
    ///
    /// # Errors
    /// Why the action failed, and whether the page may have been changed: [`BrowserError::Lost`] when the page cannot
    /// be used any more, [`BrowserError::TabGone`] when it continues in another tab, and the others as documented
    /// there.
    ///
    /// # Cancel safety
    /// Dropping the future ends the waiting. What the browser has already begun may still take effect, until
    /// [`Page::give_up`].
    fn perform(self: Arc<Self>, action: Action, deadline: Instant)
    -> BoxFuture<'static, Result<Outcome, BrowserError>>;

    /// Renders a document. To be called once, on a page that nothing was done with; ends by itself at `deadline`. A
    /// backend that cannot render has nothing to implement.
    ///
    /// # Errors
    /// Why nothing was rendered, as for [`Page::perform`]; [`Unavailable::Renders`] from a backend that cannot render.
    ///
    /// # Cancel safety
    /// Dropping the future ends the waiting. The page must then be closed.
    fn render(
        self: Arc<Self>,
        _request: Arc<RenderRequest>,
        _deadline: Instant,
    ) -> BoxFuture<'static, Result<Rendering, BrowserError>> {
        async { Err(Unavailable::Renders.into()) }.boxed()
    }

    /// To be called after an action was dropped. Once this completes, no part of the action reaches the page any more,
    /// unless the page is too busy to be told within half a second.
    ///
    /// # Errors
    /// None: a page that is gone has nothing to give up.
    ///
    /// # Cancel safety
    /// When dropped, it is not known whether the page was told; another call tells it again.
    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()>;

    /// Pictures of the active tab as it changes, the first one at once. The next picture is made when the previous one
    /// was taken from the stream. Runs beside the actions.
    ///
    /// # Errors
    /// None: the stream ends with the page.
    ///
    /// # Cancel safety
    /// Dropping the stream ends the screencast.
    fn screencast(self: Arc<Self>, settings: Screencast) -> BoxStream<'static, ViewFrame>;

    /// Completes when the page can no longer be used, because its browser or its root page died.
    ///
    /// # Errors
    /// None.
    ///
    /// # Cancel safety
    /// Cancel safe: a later call returns the reason as well.
    fn lost(&self) -> BoxFuture<'static, LostReason>;

    /// Connects a CDP client, if the page has a browser of its own.
    ///
    /// # Errors
    /// [`BrowserError::Failed`] for any other page, and when it has the maximum number of clients;
    /// [`BrowserError::Unavailable`] when the browser refuses.
    ///
    /// # Cancel safety
    /// Cancel safe: when dropped, the client's place is free again.
    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, BrowserError>>;

    /// Sends further network requests through this proxy; `None` means directly. Does not wait.
    fn route_through(&self, upstream: Option<Upstream>);

    /// Counts the page's use of shared resources as this user's from now on. Does not wait.
    fn belongs_to(&self, user: &UserId);

    /// Bytes that the page's connections have transferred so far, if known. Does not wait.
    fn traffic(&self) -> Option<Traffic>;

    /// Closes the page with everything it opened. Bounded in time, and never waits for the page's consent.
    ///
    /// # Errors
    /// None: if the page's context does not close, its browser is retired.
    ///
    /// # Cancel safety
    /// When dropped, closing continues, or dropping the page completes it.
    fn close(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

/// A page with the streams of what it reports.
#[derive(Debug)]
pub struct OpenPage {
    /// The page.
    pub page: Arc<dyn Page>,
    /// The page's events, only of the `page.*` kinds. The channel is bounded; the sender never waits, and drops events
    /// when it is full.
    pub events: mpsc::Receiver<EventKind>,
    /// Console lines and errors of the page.
    pub lines: ConsoleFeed,
}

/// Maximum size and quality of the pictures of a live view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screencast {
    /// JPEG quality, 1 to 100.
    pub quality: u32,
    /// Maximum width in pixels.
    pub max_width: u32,
    /// Maximum height in pixels.
    pub max_height: u32,
}

/// One picture of a live view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ViewFrame {
    /// The encoded JPEG.
    pub body: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels of the picture per CSS pixel of the page.
    pub scale: f64,
}
