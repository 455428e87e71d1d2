//! What pages write to their consoles, and what goes wrong in them.

pub(super) mod dropped;
pub(super) mod log;
pub(super) mod message;
pub(super) mod rate_limit;
