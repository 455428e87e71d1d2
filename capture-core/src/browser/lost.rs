//! Why a page cannot be used any more.
//!
//! Knows nothing of what follows from it.

/// Why a page cannot be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LostReason {
    /// The page's renderer died.
    #[error("the page crashed")]
    PageCrashed,
    /// The browser process ended.
    #[error("the browser exited")]
    BrowserExited,
    /// The browser stopped answering.
    #[error("the browser hangs")]
    BrowserHangs,
}
