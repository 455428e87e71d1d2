//! Where pages come from: the two traits between sessions and any browser, and their implementations.
//!
//! Knows actions and their outcomes. Knows nothing of sessions, users or credits.

mod absent;
mod backend;
mod cdp_client;
pub mod chromium;
mod error;
mod page;
pub mod simulated;

pub use self::{
    absent::Absent,
    backend::{Backend, IsolationKey, PageRequest, UnsupportedOption},
    cdp_client::{CdpClient, CdpCommands, CdpEnd, CdpShares},
    error::{BrowserError, LostReason},
    page::{OpenPage, Page, Screencast, ViewFrame},
};
