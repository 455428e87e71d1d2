//! Owns the console messages and errors of pages.

pub(super) mod dropped;
pub(super) mod log;
pub(super) mod message;
pub(super) mod rate_limit;
