//! The services that the engine provides to each of its sessions.

use std::sync::Arc;

use super::{lease::Lease, pools::Pools};
use crate::{clock::Clock, ledger::Ledger, limits::Limits, tasks::Tasks};

/// The services that the engine provides to each of its sessions.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Clock,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) tasks: Tasks,
    pub(crate) lease: Lease,
    pub(crate) pools: Arc<Pools>,
}
