//! Where pages come from: the two traits between sessions and any browser, and their implementations.
//!
//! Knows actions and their outcomes. Knows nothing of sessions, users or credits.

mod absent;
mod cdp_client;
pub mod chromium;
mod fault;
pub mod simulated;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::Instant};

pub use self::{
    absent::Absent,
    cdp_client::{CdpClient, CdpCommands, CdpEnd, CdpShares},
    fault::{Fault, LostReason},
};
use crate::{
    account::UserId,
    action::{Action, Outcome},
    egress::{Traffic, Upstream, Why},
    event::{EventKind, Lines},
    session::SessionOptions,
};

/// Opens pages. Implemented by [`chromium::Chromium`], [`simulated::Simulated`] and [`Absent`].
pub trait Backend: Send + Sync + fmt::Debug {
    /// A fresh page nobody has used, isolated from all others. Times out by itself at `deadline`.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when no browser can be had, with the cause; [`Fault::Busy`] when all places are taken.
    ///
    /// # Cancel safety
    /// A dropped open leaves nothing behind.
    fn open(&self, wanted: Wanted, deadline: Instant) -> BoxFuture<'_, Result<OpenPage, Fault>>;

    /// What it does not have of what these options ask for.
    fn lacks(&self, options: SessionOptions) -> Option<Lack>;

    /// Whether a page may go through this proxy, as far as that is known before its name is resolved.
    ///
    /// # Errors
    /// Why its pages will never reach it.
    fn judge_upstream(&self, upstream: &Upstream) -> Result<(), Why>;

    /// Whether a page could be opened now.
    ///
    /// # Errors
    /// The reason why not, for people.
    fn health(&self) -> Result<(), String>;

    /// Closes every browser and waits for them to be gone.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// Something that options ask for and a backend does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// It has no browser for it.
    #[error("no browser for bypassBotDetection is configured")]
    Bypass,
    /// Its browser for it runs elsewhere, where no proxy can be set.
    #[error(
        "proxy cannot be combined with bypassBotDetection here: the browser for it runs elsewhere, with a way out of its own"
    )]
    BypassThroughProxy,
}

/// Whose a page is: where users are kept apart, pages with different keys never meet in one browser.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IsolationKey(Arc<str>);

impl IsolationKey {
    /// The key of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

/// What a page is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose it will be.
    pub key: IsolationKey,
    /// As the session's user gave them.
    pub options: SessionOptions,
    /// The user's proxy, where the session goes through it.
    pub upstream: Option<Upstream>,
}

/// A page and what it reports.
#[derive(Debug)]
pub struct OpenPage {
    /// The page.
    pub page: Arc<dyn Page>,
    /// What happens on it: only the `page.*` kinds. Bounded; the sender never waits and drops when it is full.
    pub events: mpsc::Receiver<EventKind>,
    /// What it writes to its console, and what goes wrong in it.
    pub lines: Lines,
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

/// One isolated page with its tabs. Calls do not overlap: the session runs its actions one at a time.
pub trait Page: Send + Sync + fmt::Debug {
    /// Does one action, never a batch; ends by itself at `deadline`.
    ///
    /// # Cancel safety
    /// Dropping it stops the waiting; what the browser already began may still take effect, until [`Page::give_up`].
    fn perform(self: Arc<Self>, action: Action, deadline: Instant) -> BoxFuture<'static, Result<Outcome, Fault>>;

    /// After an action was dropped: once this completes, nothing of it reaches the page any more, unless the page is
    /// too busy to be told within half a second.
    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()>;

    /// Pictures of the active tab as it changes, the first one at once. Each next one is made when the one before was
    /// taken; ends with the page. Runs beside the actions. Dropping it ends the making of pictures.
    fn screencast(self: Arc<Self>, settings: Screencast) -> BoxStream<'static, ViewFrame>;

    /// Completes when the page can no longer be used: its browser or its root page died.
    fn lost(&self) -> BoxFuture<'static, LostReason>;

    /// A way in for a CDP client, where the page has a browser of its own.
    ///
    /// # Errors
    /// [`Fault::Failed`] for any other page, [`Fault::Busy`] when it has as many clients as it takes.
    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, Fault>>;

    /// Sends what it asks of the network through a user's proxy from now on.
    fn route_through(&self, upstream: Option<Upstream>);

    /// What it takes of things all users share counts as this user's from now on.
    fn belongs_to(&self, user: &UserId);

    /// Bytes its connections carried so far, where that is known.
    fn traffic(&self) -> Option<Traffic>;

    /// Closes it with everything it opened; bounded, never waits for the page's consent.
    fn close(self: Arc<Self>) -> BoxFuture<'static, ()>;
}
