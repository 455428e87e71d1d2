//! The ledger: reservations, proofs of life, settled sessions, credits and holds.
//!
//! One trait, one implementation per place the ledger can be: [`MemoryLedger`], [`SqliteLedger`], and with the feature `redis`
//! `redis::RedisLedger` for many instances. All keep the same promises:
//! - a session is charged **exactly once**, by whichever of `settle` and `recover` comes first; later calls return the
//!   stored final view and change nothing;
//! - a hold and the session it pays for change in one transaction, so that no account goes below zero;
//! - nothing is charged past the last proof of life.

mod memory;
#[cfg(feature = "redis")]
pub mod redis;
mod rules;
mod sqlite;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use futures::future::BoxFuture;

pub use self::{memory::MemoryLedger, sqlite::SqliteLedger};
pub use crate::ledger_error::LedgerError;
use crate::{
    account::UserId,
    clock::Timestamp,
    error::{Error, ErrorCode},
    session::{SessionId, SessionOptions, SessionView, Usage},
};

/// A place in the ledger for a session whose browser is not there yet.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The session to be.
    pub id: SessionId,
    /// Who asks.
    pub user: UserId,
    /// What for.
    pub options: SessionOptions,
    /// When.
    pub created_at: Timestamp,
    /// Credits to hold while it runs.
    pub hold: u64,
    /// Active sessions allowed where the user has no number of their own.
    pub default_max_sessions: u32,
}

/// Why a reservation was refused. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// No such user.
    #[error("no such user")]
    UnknownUser,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// Credits that are not held already do not cover the hold.
    #[error("{needed} credits are needed and {available} are available")]
    Credits {
        /// The hold asked for.
        needed: u64,
        /// What could be held.
        available: u64,
    },
    /// The user's active sessions are at their limit; reservations count.
    #[error("{active} of {max} sessions are active")]
    Limit {
        /// Active now.
        active: u32,
        /// Allowed.
        max: u32,
        /// When the first of them ends at the latest, if one has started.
        first_expires_at: Option<Timestamp>,
    },
    /// The store could not be reached.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a deadline was not extended. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    /// Credits do not cover the larger hold.
    #[error("{needed} more credits are needed and {available} are available")]
    Credits {
        /// Credits the larger hold needs beyond the present one.
        needed: u64,
        /// What could be held.
        available: u64,
    },
    /// The session is not active in the ledger.
    #[error("the session is not active")]
    Inactive,
    /// The store could not be reached.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What one session did since the last heartbeat.
#[derive(Debug, Clone)]
pub struct UsageUpdate {
    /// The session.
    pub id: SessionId,
    /// Its counters now.
    pub usage: Usage,
}

/// What a heartbeat brought to light.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeartbeatResponse {
    /// Active sessions that are to be closed: their user is disabled or, after the ledger was lost, has no place for them.
    pub refused: Vec<SessionId>,
    /// Sessions that were settled elsewhere because this server seemed dead: they are over.
    pub lost: Vec<SessionId>,
}

/// The ledger of one server. All calls are idempotent where it says so and safe to repeat after an error.
///
/// # Cancel safety
/// Dropping a returned future leaves it open whether the change was made; repeating the call settles it.
pub trait Ledger: Send + Sync + fmt::Debug {
    /// Checks the account and its limit, and holds the credits.
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<(), ReserveError>>;

    /// Gives a reservation back unbilled: its browser never started. Idempotent; an activated session is left alone.
    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// Turns a reservation into an active session. Its start is its first proof of life.
    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// One proof of life for all active sessions of this server, with the counters that changed.
    fn heartbeat(
        &self,
        now: Timestamp,
        changed: Vec<UsageUpdate>,
    ) -> BoxFuture<'_, Result<HeartbeatResponse, LedgerError>>;

    /// Sets a new deadline and hold.
    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>>;

    /// Writes the final view, charges it and releases the hold, all or nothing, durable on return. Idempotent by id:
    /// returns the stored final view, which is the earlier one where the session was settled before.
    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>>;

    /// Settles every active session a dead process left, as `instance_lost` at its last proof of life, and releases
    /// reservations unbilled. Only for a process that holds the store exclusively and has no session yet.
    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>>;

    /// The session, active or final; `None` for another user's and for finals that ended before `not_before`.
    fn find(
        &self,
        user: &UserId,
        id: SessionId,
        not_before: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SessionView>, LedgerError>>;

    /// The user's active sessions, oldest first.
    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>>;

    /// Forgets finals that ended before this; what they cost stays charged.
    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// How long after a heartbeat was sent its sessions may begin actions; `None` where nobody else could settle them.
    fn lease(&self) -> Option<Duration> {
        None
    }
}

impl From<ExtendError> for Error {
    fn from(refused: ExtendError) -> Self {
        match refused {
            ExtendError::Credits { needed, available } => {
                Self::new(ErrorCode::Forbidden, format!("credits do not cover the renewal: {refused}"))
                    .with_reason("insufficient_credits")
                    .with_detail("neededCredits", needed)
                    .with_detail("availableCredits", available)
            }
            ExtendError::Inactive => Self::new(ErrorCode::SessionInactive, "the session is ending"),
            ExtendError::Ledger(error) => error.into(),
        }
    }
}
