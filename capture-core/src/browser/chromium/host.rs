//! Where a browser runs: as a process here, or elsewhere.

use std::path::Path;

use super::{process::Process, remote::Remote};

/// What carries a browser.
#[derive(Debug)]
pub(super) enum Host {
    /// A process of ours.
    Here(Process),
    /// A connection to someone else's.
    Elsewhere(Remote),
}

impl Host {
    pub(super) fn pid(&self) -> Option<u32> {
        match self {
            Self::Here(process) => Some(process.pid()),
            Self::Elsewhere(_) => None,
        }
    }

    /// Where its files are, until it is gone.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Here(process) => Some(process.folder()),
            Self::Elsewhere(_) => None,
        }
    }

    /// Completes once it is gone.
    pub(super) async fn exited(&self) {
        match self {
            Self::Here(process) => process.exited().await,
            Self::Elsewhere(remote) => remote.gone().await,
        }
    }

    /// Ends it now, without asking.
    pub(super) fn kill(&self) {
        match self {
            Self::Here(process) => process.kill(),
            Self::Elsewhere(remote) => remote.cut(),
        }
    }

    /// Waits for it to end by itself for a while, then ends it.
    pub(super) async fn end(&self) {
        match self {
            Self::Here(process) => process.end().await,
            Self::Elsewhere(remote) => remote.end().await,
        }
    }

    /// What explains that it did not start, or that it ended.
    pub(super) fn last_words(&self) -> String {
        match self {
            Self::Here(process) => process.last_words(),
            Self::Elsewhere(remote) => remote.last_words(),
        }
    }

    /// Memory of all its processes here; blocking reads of `/proc`, some milliseconds.
    pub(super) fn memory_bytes(&self) -> u64 {
        match self {
            Self::Here(process) => process.memory_bytes(),
            Self::Elsewhere(_) => 0,
        }
    }
}
