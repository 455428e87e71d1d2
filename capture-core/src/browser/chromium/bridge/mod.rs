//! The DevTools protocol for a session's own clients: what they may send, and in which form it reaches the browser.
//!
//! ```text
//! text of a client ─► frame: Request ─► judge: Verdict ─► client: the same command, written anew ─► pipe
//! text to a client ◄─ outbox ◄─ clients: whose session is it ◄─ events and replies ◄─────────────────┘
//! ```
//!
//! Knows no sockets. The decisions for people are in `docs/cdp.md`.

mod address;
mod allowed;
mod client;
mod frame;
mod judge;
mod params;
mod refused;
mod rules;
#[cfg(test)]
mod tests;

pub(super) use self::client::{connect, made_target};

/// Told to the keeper: a client's command that makes a target was answered, with its result or null.
pub(super) const TARGET_MADE: &str = "Capture.targetMade";
/// Told to the keeper: a client answers dialogs no longer.
pub(super) const CLIENT_QUIET: &str = "Capture.clientQuiet";
/// Told to the keeper: a dialog that was left to a client has held up an action long enough.
pub(super) const CLIENT_SLOW: &str = "Capture.clientSlow";
