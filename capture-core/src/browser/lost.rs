//! Why a page cannot be used any more.
//!
//! This module must not know the consequences.

/// Why a page cannot be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LostReason {
    /// The page's renderer process crashed.
    #[error("the page crashed")]
    PageCrashed,
    /// The browser process ended.
    #[error("the browser exited")]
    BrowserExited,
    /// The browser does not answer any more.
    #[error("the browser hangs")]
    BrowserHangs,
}
