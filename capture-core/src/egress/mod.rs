//! The wall around browsers: every connection of a page goes through here, and nothing else leaves.
//!
//! ```text
//! Chromium ─socks5─► EgressPort ─► Guard: policy, resolver ─► origin, or the user's proxy
//! ```
//!
//! Each browser context has a loopback port of ours as its proxy. Chromium resolves nothing itself: names arrive here, are
//! resolved once, judged, and what was judged is dialled. What pages send is carried and never read, so there is nothing to
//! smuggle. Chromium shows every refusal as the same error; the port keeps the true one for whoever asks.
//!
//! Knows addresses, names and sockets. Knows nothing of browsers, sessions and users.

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
