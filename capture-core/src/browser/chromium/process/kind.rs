//! The share of a browser that a session has.
//!
//! This module must not know the consequences.

/// The share of a browser that a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A context beside others, in a browser that outlives the session.
    Shared,
    /// The whole browser.
    Whole,
    /// A context in a browser elsewhere, which may have other pages.
    Guest,
}
