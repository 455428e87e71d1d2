//! Browsers and the pages kept ready in them.
//!
//! Users do not share a browser, unless the operator says so: whole browsers are kept ready, each with a page, and the
//! first session of a user takes one, which is then his until it is closed, a little after his last session. A used
//! page is never handed out again.

mod assignment;
pub(super) mod browsers;
mod charges;
pub(super) mod dedicated;
mod leased;
mod maintain;
mod open;
mod slot;
mod start;
#[cfg(test)]
mod tests;
pub(super) mod watchdog;
