//! The browsers, and the pages kept ready in them.
//!
//! Users do not share a browser, unless the operator allows it. Whole browsers are kept ready, each with one page. The
//! first session of a user takes one, and it stays that user's until it is closed, a short time after the user's last
//! session. A used page is never given to another session.

mod assignment;
pub(super) mod browsers;
mod charges;
pub(super) mod dedicated;
mod entry;
mod leased;
mod maintain;
mod open;
mod slot;
mod start;
#[cfg(test)]
mod tests;
pub(super) mod watchdog;
