//! The task that runs one session, and the handle to it.
//!
//! Only the actor owns the page and the lifecycle. A [`Handle`] reaches it through a bounded queue of actions and a
//! mailbox for control messages. This module knows the ledger and the page as traits, and must not know the engine or
//! any transport.

mod batch;
mod cancel_check;
mod connecting;
mod dedupe;
mod ending;
mod failure;
mod handle;
mod job;
mod lease;
mod live_view;
mod log;
mod perform;
mod pools;
mod queue;
mod renewal;
mod replies;
mod services;
mod settle;
mod start;
mod task;

#[cfg(feature = "redis")]
pub(crate) use self::cancel_check::CancelCheck;
pub(crate) use self::{
    dedupe::Dedupe,
    handle::Handle,
    job::ActionRequest,
    lease::Lease,
    log::EventLog,
    services::Services,
    start::{Opened, start},
};
pub use self::{
    live_view::{NumberedFrame, View, ViewOptions},
    log::Follow,
};
