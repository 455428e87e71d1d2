//! The streaming channel `capture.v1`: one WebSocket connection that drives and watches any number of sessions.
//!
//! ```text
//! message ─► codec ─► request ─► command ─► dyn Sessions ─┐
//! message ◄─ codec ◄─ outbox ◄── answers, events, countdowns, pictures
//! ```
//!
//! Knows `capture-core` and WebSocket messages. Knows nothing of routes, tokens or statuses.

pub mod asyncapi;
pub mod cdp;
mod channels;
mod client;
pub mod close;
pub mod codec;
mod connection;
mod connection_limits;
pub mod countdown;
pub mod frame;
mod large;
pub mod limits;
mod outbox;
mod rate_limiter;
mod shared;
pub mod splice;
mod watched;

pub use self::{
    channels::Channels,
    client::{Client, ConnectUrls},
    shared::Shared,
};
