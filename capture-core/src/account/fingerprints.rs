//! The fingerprints of the server key that a ledger keeps, so that no server makes or checks secrets with another key.
//!
//! This module owns the rule that decides whether a key is the ledger's. It must not know files or stores.

use std::fmt;

use futures::future::BoxFuture;

use super::server_key::KeyFingerprint;
use crate::ledger_error::LedgerError;

/// Why a key is not the ledger's.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The ledger knows another key under the number of a generation.
    #[error("generation {} has fingerprint {shown}, and {known} in the ledger", known.generation)]
    Foreign {
        /// The fingerprint in the ledger.
        known: KeyFingerprint,
        /// The fingerprint of the key.
        shown: KeyFingerprint,
    },
    /// The key lacks a generation that the ledger knows.
    #[error("generation {} of the ledger, with fingerprint {_0}, is missing", _0.generation)]
    Lacks(KeyFingerprint),
    /// The store could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The store of the fingerprints, which is the ledger.
pub trait KeyFingerprints: Send + Sync + fmt::Debug {
    /// The fingerprints of the key that this ledger belongs to, oldest generation first; none before the first claim.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn fingerprints(&self) -> BoxFuture<'_, Result<Vec<KeyFingerprint>, LedgerError>>;

    /// Checks the fingerprints of a key and adds those of new generations, in one step.
    ///
    /// # Errors
    /// [`ClaimError`], after which nothing was written unless the store failed.
    fn claim_key(&self, key: Vec<KeyFingerprint>) -> BoxFuture<'_, Result<(), ClaimError>>;

    /// Forgets all fingerprints, so that the next key that claims the ledger becomes its key.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn forget_fingerprints(&self) -> BoxFuture<'_, Result<(), LedgerError>>;
}

/// Whether a key may claim a ledger that knows these fingerprints: it must have all of them.
pub(crate) fn judge(known: &[KeyFingerprint], shown: &[KeyFingerprint]) -> Result<(), ClaimError> {
    for known in known {
        match shown.iter().find(|shown| shown.generation == known.generation) {
            Some(shown) if shown == known => {}
            Some(shown) => return Err(ClaimError::Foreign { known: *known, shown: *shown }),
            None => return Err(ClaimError::Lacks(*known)),
        }
    }
    Ok(())
}
