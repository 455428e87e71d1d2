//! Where a browser runs: as a process of this machine, or elsewhere.
//!
//! This module must not know what runs in it.

use std::path::Path;

use super::{chromium_process::ChromiumProcess, remote::Remote};

/// The host of a browser.
#[derive(Debug)]
pub(crate) enum Host {
    /// A process of ours.
    Here(ChromiumProcess),
    /// A connection to a browser elsewhere.
    Elsewhere(Remote),
}

impl Host {
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Here(process) => Some(process.pid()),
            Self::Elsewhere(_) => None,
        }
    }

    /// The folder of its files, until it is gone.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Here(process) => Some(process.folder()),
            Self::Elsewhere(_) => None,
        }
    }

    /// Completes once it is gone.
    pub(crate) async fn exited(&self) {
        match self {
            Self::Here(process) => process.exited().await,
            Self::Elsewhere(remote) => remote.gone().await,
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        match self {
            Self::Here(process) => process.kill(),
            Self::Elsewhere(remote) => remote.cut(),
        }
    }

    /// Waits a bounded time for it to end by itself, then ends it.
    pub(crate) async fn end(&self) {
        match self {
            Self::Here(process) => process.end().await,
            Self::Elsewhere(remote) => remote.end().await,
        }
    }

    /// The text that explains why it did not start, or why it ended.
    pub(crate) fn last_words(&self) -> String {
        match self {
            Self::Here(process) => process.last_words(),
            Self::Elsewhere(remote) => remote.last_words(),
        }
    }

    /// Memory of all its processes on this machine in bytes. Reads `/proc`, which blocks for some milliseconds.
    pub(crate) fn memory_bytes(&self) -> u64 {
        match self {
            Self::Here(process) => process.memory_bytes(),
            Self::Elsewhere(_) => 0,
        }
    }
}
