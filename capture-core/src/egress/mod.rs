//! The egress guard: every connection of a page goes through it, and browsers have no other way to the network.
//!
//! ```text
//! Chromium ─socks5─► EgressPort ─► Guard: policy, resolver ─► origin, or the user's proxy
//! ```
//!
//! Each browser context uses a loopback port of this module as its proxy. Chromium resolves no names itself: names
//! arrive here, are resolved once and checked, and the checked addresses are connected to. The data of pages is
//! forwarded without being parsed, so request smuggling is impossible. Chromium reports every failure as one error; the
//! port keeps the actual failure for callers that need it.
//!
//! This module knows addresses, names and sockets. It must not know browsers, sessions or users.

mod address;
mod connection;
mod dial;
mod failure;
mod forbidden;
mod guard;
mod host;
mod policy;
mod port;
mod resolver;
mod rule;
mod socks;
mod splice;
mod target;
mod tenant;
#[cfg(test)]
mod tests;
mod upstream;
mod wire;

pub use self::{
    address::{Network, NetworkError, deny_reason},
    failure::{BLOCKED_REASON, Blocked, Failure, UpstreamFailure, Why},
    guard::Guard,
    policy::EgressPolicy,
    port::{EgressPort, Traffic},
    resolver::{Resolver, System},
    rule::{Rule, RuleError},
    upstream::{Upstream, UpstreamError},
};
