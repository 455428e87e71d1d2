//! The rules of the streaming channel `capture.v1` that need no socket: when it closes and what that asks of the client,
//! and when a watcher is told how much time is left.
//!
//! Knows `capture-core`. Knows nothing of routes, tokens or statuses.

pub mod close;
pub mod countdown;
