//! The two traits between sessions and browsers, and their implementations.
//!
//! This module knows actions and their outcomes. It must not know sessions, users or credits.

mod absent;
mod backend;
mod cdp_client;
pub mod chromium;
mod error;
mod lost;
mod page;
pub mod simulated;
mod unavailable;

pub use self::{
    absent::Absent,
    backend::{Backend, IsolationKey, PageRequest, UnsupportedOption},
    cdp_client::{CdpClient, CdpCommands, CdpEnd, CdpShares},
    error::BrowserError,
    lost::LostReason,
    page::{OpenPage, Page, Screencast, ViewFrame},
    unavailable::{SharedCause, Unavailable},
};
