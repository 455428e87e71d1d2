//! The trait of backends, which open pages of any browser, and the request for a page.
//!
//! This module must not know users or credits.

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
    /// Opens a fresh page that no session has used, isolated from all others. Ends by itself at `deadline`.
    ///
    /// # Errors
    /// [`BrowserError::Unavailable`] with the cause when no browser is available; [`BrowserError::Busy`] when all
    /// places are taken.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future leaves nothing behind.
    fn open(&self, request: PageRequest, deadline: Instant) -> BoxFuture<'_, Result<OpenPage, BrowserError>>;

    /// The first of these options that the backend does not support, if any. It is checked before anything is reserved,
    /// and does not wait.
    fn unsupported(&self, options: SessionOptions) -> Option<UnsupportedOption>;

    /// Whether a page may use this proxy, as far as that is known before its name is resolved. Does not wait.
    ///
    /// # Errors
    /// Why pages will never reach the proxy.
    fn judge_upstream(&self, upstream: &Upstream) -> Result<(), Why>;

    /// Whether a page could be opened now. Does not wait.
    ///
    /// # Errors
    /// The reason why not.
    fn health(&self) -> Result<(), Unavailable>;

    /// Closes every browser and waits until all are gone.
    ///
    /// # Errors
    /// None: a browser that does not close by itself is killed.
    ///
    /// # Cancel safety
    /// When dropped, closing continues; another call waits for the rest.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// An option that a backend does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedOption {
    /// There is no browser for the option.
    #[error("no browser for bypassBotDetection is configured")]
    Bypass,
    /// The browser for the option runs elsewhere, where no proxy can be set.
    #[error(
        "proxy cannot be combined with bypassBotDetection here: the browser for it runs elsewhere, with its own network"
    )]
    BypassThroughProxy,
}

/// Identifies the owner of a page. Where users are isolated, pages with different keys never share a browser.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IsolationKey(Arc<str>);

impl IsolationKey {
    /// The key with this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

/// The request for a page.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The owner of the page.
    pub key: IsolationKey,
    /// The options, as the session's user set them.
    pub options: SessionOptions,
    /// The user's proxy, if the session uses it.
    pub upstream: Option<Upstream>,
}
