//! The DevTools protocol for clients of sessions: which commands they may send, and in which form these reach the
//! browser.
//!
//! ```text
//! text of a client ─► frame: Request ─► judge: Verdict ─► client: the same command, written anew ─► pipe
//! text to a client ◄─ client queue ◄─ whose session is it ◄─ events and replies ◄──────────────────┘
//! ```
//!
//! This module must not know sockets. The decisions are documented for users in `docs/cdp.md`.

mod address;
mod allowed;
mod client;
mod forwarded;
mod frame;
mod judge;
mod params;
mod refusal;
mod refused;
mod rules;
#[cfg(test)]
mod tests;
mod verdict;

pub(super) use self::client::connect;
