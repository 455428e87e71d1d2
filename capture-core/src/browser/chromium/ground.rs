//! What every browser of a backend stands on.

use super::{
    config::{ChromiumConfig, Program},
    run_root::RunRoot,
    uids::Uids,
    watchdog::Watched,
};
use crate::{egress::Guard, tasks::Tasks};

/// Settings, program, folders, user ids, tasks and the wall around the network.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) config: ChromiumConfig,
    /// The browser of sessions without a wish.
    pub(super) program: Program,
    pub(super) root: RunRoot,
    pub(super) uids: Uids,
    pub(super) tasks: Tasks,
    pub(super) guard: Guard,
    /// All of the browsers, for whoever looks at what they take.
    pub(super) watched: Watched,
}
