//! What all browsers of a backend share.
//!
//! This module must not know running browsers.

use super::{run_root::RunRoot, uids::Uids};
#[cfg(feature = "render")]
use crate::imaging::Room;
use crate::{
    browser::chromium::config::{ChromiumConfig, Program},
    clock::Clock,
    egress::Guard,
    tasks::Tasks,
};

/// Settings, program, folders, user ids, tasks and the egress guard.
#[derive(Debug)]
pub(crate) struct BrowserRuntime {
    pub(crate) config: ChromiumConfig,
    /// The default browser, for sessions without `bypassBotDetection`.
    pub(crate) program: Program,
    pub(crate) root: RunRoot,
    pub(crate) uids: Uids,
    pub(crate) tasks: Tasks,
    pub(crate) guard: Guard,
    pub(crate) clock: Clock,
    /// Room for pictures that this process scales, which takes less than a second each.
    #[cfg(feature = "render")]
    pub(crate) scaling: Room,
    /// Room for the frames of animations, which are recorded for up to 30 s each.
    #[cfg(feature = "render")]
    pub(crate) recording: Room,
}
