//! Why a server key cannot be used. Each message says what to do, and none shows a key.

use std::{
    io,
    path::{Path, PathBuf},
};

use capture_core::{
    account::{ClaimError, InvalidServerKey, KeyFingerprint, RotateError},
    ledger::LedgerError,
};

use crate::data_dir::DataDirError;

/// Why a server key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The file is gone, or this instance was never given it.
    #[error(
        "the server key {} does not exist, and this ledger belongs to the key with fingerprint {known}: put the file back, copy \
         it from another instance, or name it with --server-key-file. If it is lost for good, `capture key reset --yes` lets \
         the next start make a new one; secrets of the lost key then sign no more, and still work as bearer tokens",
        path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// The newest fingerprint in the ledger.
        known: KeyFingerprint,
    },
    /// The ledger belongs to another key.
    #[error(
        "the server key {} is not the key of this ledger: put the right file there, copy it from another instance, or name it \
         with --server-key-file. If it is lost for good, `capture key reset --yes` gives the ledger to this key; secrets of \
         the lost one then sign no more, and still work as bearer tokens",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Which generation differs.
        #[source]
        source: ClaimError,
    },
    /// The ledger knows a newer generation.
    #[error(
        "the server key {} is older than this ledger: copy the newer file from where `capture key rotate` ran, and if that was \
         interrupted, run it there again",
        path.display()
    )]
    Old {
        /// The file.
        path: PathBuf,
        /// Which generation is missing.
        #[source]
        source: ClaimError,
    },
    /// The file is no key.
    #[error("the server key {} cannot be read: put the right file there", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: InvalidServerKey,
    },
    /// A further generation cannot be made.
    #[error("the server key cannot be rotated")]
    Rotate(#[from] RotateError),
    /// The new generation is known to the ledger and could not be put in place.
    #[error("the new server key is in {} and cannot take the place of {}: put it there yourself", next.display(), path.display())]
    NotReplaced {
        /// The new file.
        next: PathBuf,
        /// The old file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The file cannot be read or written.
    #[error("cannot {what} the server key {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The operating system provides no randomness.
    #[error("cannot make a server key")]
    Randomness(#[from] io::Error),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl KeyError {
    /// The refusal of the ledger, about the key in this file.
    pub(super) fn claim(path: &Path, refused: ClaimError) -> Self {
        let path = path.to_owned();
        match refused {
            ClaimError::Ledger(error) => error.into(),
            source @ ClaimError::Foreign { .. } => Self::Foreign { path, source },
            source @ ClaimError::Lacks(_) => Self::Old { path, source },
        }
    }
}
