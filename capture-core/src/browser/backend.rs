//! What opens pages, for whatever browser: the trait, and what a page is asked for.
//!
//! Knows nothing of users and credits.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::{error::BrowserError, page::OpenPage, unavailable::Unavailable};
use crate::{
    egress::{Upstream, Why},
    session::SessionOptions,
};

/// Opens pages. Implemented by [`super::chromium::Chromium`], [`super::simulated::Simulated`] and [`super::Absent`].
pub trait Backend: Send + Sync + fmt::Debug {
    /// A fresh page that no session has used, isolated from all others. Times out by itself at `deadline`.
    ///
    /// # Errors
    /// [`BrowserError::Unavailable`] when no browser can be had, with the cause; [`BrowserError::Busy`] when all places
    /// are taken.
    ///
    /// # Cancel safety
    /// A dropped open leaves nothing behind.
    fn open(&self, request: PageRequest, deadline: Instant) -> BoxFuture<'_, Result<OpenPage, BrowserError>>;

    /// What of these options it does not support, if there is something. Asked before anything is reserved; does not
    /// wait.
    fn unsupported(&self, options: SessionOptions) -> Option<UnsupportedOption>;

    /// Whether a page may go through this proxy, as far as that is known before its name is resolved. Does not wait.
    ///
    /// # Errors
    /// Why its pages will never reach it.
    fn judge_upstream(&self, upstream: &Upstream) -> Result<(), Why>;

    /// Whether a page could be opened now. Does not wait.
    ///
    /// # Errors
    /// Why not.
    fn health(&self) -> Result<(), Unavailable>;

    /// Closes every browser and waits for them to be gone.
    ///
    /// # Errors
    /// None: what does not close by itself is killed.
    ///
    /// # Cancel safety
    /// When dropped, browsers that were told to close go on closing; calling it again waits for the rest.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// An option that a backend does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedOption {
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
pub struct PageRequest {
    /// Whose it will be.
    pub key: IsolationKey,
    /// As the session's user gave them.
    pub options: SessionOptions,
    /// The user's proxy, where the session goes through it.
    pub upstream: Option<Upstream>,
}
