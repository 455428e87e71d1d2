//! How much of a browser a session has.
//!
//! Knows nothing of what follows from it.

/// How much of a browser a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Beside others, in a browser that stays.
    Shared,
    /// All of its browser.
    Whole,
    /// In a browser elsewhere that may have other pages.
    Guest,
}
