//! Where a browser runs: as a process here, or elsewhere.
//!
//! Knows nothing of what runs in it.

use std::path::Path;

use super::{chromium_process::ChromiumProcess, remote::Remote};

/// What carries a browser.
#[derive(Debug)]
pub(crate) enum Host {
    /// A process of ours.
    Here(ChromiumProcess),
    /// A connection to someone else's.
    Elsewhere(Remote),
}

impl Host {
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Here(process) => Some(process.pid()),
            Self::Elsewhere(_) => None,
        }
    }

    /// Where its files are, until it is gone.
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

    /// Ends it now, without asking.
    pub(crate) fn kill(&self) {
        match self {
            Self::Here(process) => process.kill(),
            Self::Elsewhere(remote) => remote.cut(),
        }
    }

    /// Waits for it to end by itself for a while, then ends it.
    pub(crate) async fn end(&self) {
        match self {
            Self::Here(process) => process.end().await,
            Self::Elsewhere(remote) => remote.end().await,
        }
    }

    /// What explains that it did not start, or that it ended.
    pub(crate) fn last_words(&self) -> String {
        match self {
            Self::Here(process) => process.last_words(),
            Self::Elsewhere(remote) => remote.last_words(),
        }
    }

    /// Memory of all its processes here; blocking reads of `/proc`, some milliseconds.
    pub(crate) fn memory_bytes(&self) -> u64 {
        match self {
            Self::Here(process) => process.memory_bytes(),
            Self::Elsewhere(_) => 0,
        }
    }
}
