//! The DevTools protocol for a session's own clients: what they may send, and in which form it reaches the browser.
//!
//! ```text
//! text of a client ─► frame: Request ─► judge: Verdict ─► the same command, written anew ─► pipe
//! ```
//!
//! Pure: knows neither sockets nor pages. The decisions for people are in `docs/cdp.md`.

mod address;
mod allowed;
mod frame;
mod judge;
mod params;
mod refused;
mod rules;
#[cfg(test)]
mod tests;

pub(super) use self::{
    frame::{FrameError, Request, done},
    judge::{Deed, Refusal, Verdict, judge},
};
