//! What every browser of a backend stands on.

use super::{run_root::RunRoot, uids::Uids};
use crate::{
    browser::chromium::config::{ChromiumConfig, Program},
    egress::Guard,
    tasks::Tasks,
};

/// Settings, program, folders, user ids, tasks and the wall around the network.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) config: ChromiumConfig,
    /// The browser of sessions without a wish.
    pub(crate) program: Program,
    pub(crate) root: RunRoot,
    pub(crate) uids: Uids,
    pub(crate) tasks: Tasks,
    pub(crate) guard: Guard,
}
