//! The sessions of this instance, as it would restore or settle them.

use crate::{
    account::UserId,
    session::{Lifecycle, SessionView},
};

/// A session of this instance, with what is needed to restore it or to settle it later.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) user: UserId,
    pub(super) hold: u64,
    /// Maximum number of active sessions of a user whose account sets none.
    pub(super) most: u32,
    pub(super) stage: Stage,
}

#[derive(Debug, Clone)]
pub(super) enum Stage {
    Reserved,
    /// Released, or not granted as far as this instance knows. The ledger may still have it.
    Unwanted,
    Active(Lifecycle),
    /// Ended, but the ledger could not be told yet.
    Unsettled(Lifecycle, SessionView),
}
