//! Where pages come from: the two traits between sessions and any browser, and their implementations.
//!
//! Knows actions and their outcomes. Knows nothing of sessions, users or credits.

mod absent;
mod backend;
mod cdp_client;
pub mod chromium;
mod fault;
mod page;
pub mod simulated;

pub use self::{
    absent::Absent,
    backend::{Backend, IsolationKey, Lack, Wanted},
    cdp_client::{CdpClient, CdpCommands, CdpEnd, CdpShares},
    fault::{Fault, LostReason},
    page::{OpenPage, Page, Screencast, ViewFrame},
};
