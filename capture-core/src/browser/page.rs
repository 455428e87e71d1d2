//! What a session acts on, for whatever browser: one isolated page with its tabs.
//!
//! Knows actions and their outcomes. Knows nothing of sessions and credits.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::Instant};

use super::{cdp_client::CdpClient, error::BrowserError, lost::LostReason};
use crate::{
    account::UserId,
    action::{Action, Outcome},
    egress::{Traffic, Upstream},
    event::{ConsoleFeed, EventKind},
};

/// One isolated page with its tabs. The session runs its actions one at a time, so calls of `perform` do not overlap.
pub trait Page: Send + Sync + fmt::Debug {
    /// Does one action, never a batch; ends by itself at `deadline`.
    ///
    /// # Errors
    /// Why it was not done, and whether the page may have been changed: [`BrowserError::Lost`] when the page cannot be
    /// used any more, [`BrowserError::TabGone`] when it goes on in another tab, the others as they say.
    ///
    /// # Cancel safety
    /// Dropping it stops the waiting; what the browser already began may still take effect, until [`Page::give_up`].
    fn perform(self: Arc<Self>, action: Action, deadline: Instant)
    -> BoxFuture<'static, Result<Outcome, BrowserError>>;

    /// After an action was dropped: once this completes, nothing of it reaches the page any more, unless the page is
    /// too busy to be told within half a second.
    ///
    /// # Errors
    /// None: a page that is gone has nothing to give up.
    ///
    /// # Cancel safety
    /// When dropped, it is not known whether the page was told; calling it again tells it again.
    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()>;

    /// Pictures of the active tab as it changes, the first one at once. Each next one is made when the one before was
    /// taken. Runs beside the actions.
    ///
    /// # Errors
    /// None: it ends with the page.
    ///
    /// # Cancel safety
    /// Dropping it ends the making of pictures.
    fn screencast(self: Arc<Self>, settings: Screencast) -> BoxStream<'static, ViewFrame>;

    /// Completes when the page can no longer be used: its browser or its root page died.
    ///
    /// # Errors
    /// None.
    ///
    /// # Cancel safety
    /// Nothing is lost when dropped; a later call tells the same.
    fn lost(&self) -> BoxFuture<'static, LostReason>;

    /// Connects a CDP client, where the page has a browser of its own.
    ///
    /// # Errors
    /// [`BrowserError::Failed`] for any other page, and when it has as many clients as it takes;
    /// [`BrowserError::Unavailable`] when the browser refuses.
    ///
    /// # Cancel safety
    /// When dropped, the client's place is free again.
    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, BrowserError>>;

    /// Sends what it asks of the network through a user's proxy from now on. Does not wait.
    fn route_through(&self, upstream: Option<Upstream>);

    /// What it takes of things all users share counts as this user's from now on. Does not wait.
    fn belongs_to(&self, user: &UserId);

    /// Bytes its connections carried so far, where that is known. Does not wait.
    fn traffic(&self) -> Option<Traffic>;

    /// Closes it with everything it opened; bounded, never waits for the page's consent.
    ///
    /// # Errors
    /// None: where its context does not close, its browser is retired.
    ///
    /// # Cancel safety
    /// Closing goes on when dropped, or is done by dropping the page.
    fn close(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

/// A page and what it reports.
#[derive(Debug)]
pub struct OpenPage {
    /// The page.
    pub page: Arc<dyn Page>,
    /// What happens on it: only the `page.*` kinds. Bounded; the sender never waits and drops when it is full.
    pub events: mpsc::Receiver<EventKind>,
    /// What it writes to its console, and what goes wrong in it.
    pub lines: ConsoleFeed,
}

/// How large and how good the pictures of a live view are at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screencast {
    /// Of JPEG, 1 to 100.
    pub quality: u32,
    /// In pixels.
    pub max_width: u32,
    /// In pixels.
    pub max_height: u32,
}

/// One picture of a live view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ViewFrame {
    /// JPEG.
    pub body: Bytes,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Pixels per CSS pixel of the page.
    pub scale: f64,
}
