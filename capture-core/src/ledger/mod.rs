//! The ledger: reservations, heartbeats, settled sessions, credits and holds.
//!
//! There is one trait with one implementation per kind of storage: [`MemoryLedger`], [`SqliteLedger`], and with the
//! feature `redis` `redis::RedisLedger` for many instances. Every implementation guarantees:
//! - a session is charged **exactly once**, by whichever of `settle` and `recover` comes first; later calls return the
//!   stored final view and change nothing;
//! - a hold and the session it pays for change in one transaction, so that no account goes below zero;
//! - no session is charged for time after its last heartbeat.

mod memory;
#[cfg(feature = "redis")]
pub mod redis;
mod rules;
mod sqlite;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr, time::Duration};

use futures::future::BoxFuture;

pub use self::{memory::MemoryLedger, sqlite::SqliteLedger};
pub use crate::ledger_error::LedgerError;
use crate::{
    account::UserId,
    clock::Timestamp,
    error::{Error, ErrorCode},
    session::{SessionId, SessionOptions, SessionView, Usage},
};

/// A request to reserve a session before its browser is started, or a render.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// Id of the new session. A render has an id of the same kind, which no client sees.
    pub id: SessionId,
    /// The user who pays.
    pub user: UserId,
    /// What the reservation is for.
    pub purpose: Purpose,
    /// Options of the session.
    pub options: SessionOptions,
    /// Time of the request.
    pub created_at: Timestamp,
    /// Credits to hold while the session is active, or until the render is charged.
    pub hold: u64,
    /// Maximum number of a user's reservations for this purpose, active sessions included. An account may set another
    /// limit of sessions.
    pub limit: u32,
}

/// What a reservation is for. Sessions and renders have limits of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// It becomes an active session, which is settled.
    #[default]
    Session,
    /// It is charged once, when the result is ready. It is never active and is in no list.
    Render,
}

impl Purpose {
    /// The name under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Render => "render",
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Session, Self::Render].into_iter().find(|purpose| purpose.as_str() == text);
        known.ok_or(UnknownPurpose)
    }
}

/// The error for a text that names no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a purpose of a reservation")]
pub struct UnknownPurpose;

/// Why a reservation was refused. A refused reservation changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// There is no such user.
    #[error("no such user")]
    UnknownUser,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The credits that are not held yet do not cover the hold.
    #[error("{needed} credits are needed and {available} are available")]
    Credits {
        /// Credits of the requested hold.
        needed: u64,
        /// Credits that could be held.
        available: u64,
    },
    /// The user has as many active sessions as allowed, reservations included, or as many renders.
    #[error("{active} of {max} are active")]
    Limit {
        /// Number of active ones.
        active: u32,
        /// Maximum number of active ones.
        max: u32,
        /// Earliest deadline of these sessions; `None` if none has started, and for renders.
        first_expires_at: Option<Timestamp>,
    },
    /// The store could not be reached.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a deadline was not extended. A refused extension changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    /// The credits do not cover the larger hold.
    #[error("{needed} more credits are needed and {available} are available")]
    Credits {
        /// Credits the larger hold needs in addition to the present one.
        needed: u64,
        /// Credits that could be held.
        available: u64,
    },
    /// The session is not active in the ledger.
    #[error("the session is not active")]
    Inactive,
    /// The store could not be reached.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The counters of one session, if they changed since the last heartbeat.
#[derive(Debug, Clone)]
pub struct UsageUpdate {
    /// The session.
    pub id: SessionId,
    /// Its counters now.
    pub usage: Usage,
}

/// What a heartbeat returned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeartbeatResponse {
    /// Active sessions to be closed: their user is disabled or, after the ledger lost data, has no place for them.
    pub refused: Vec<SessionId>,
    /// Sessions that another instance has settled because this one was silent for too long. They are over.
    pub lost: Vec<SessionId>,
}

/// The ledger, as one server uses it. All calls may be repeated after an error; those marked as idempotent may be
/// repeated at any time.
///
/// # Errors
/// Every call fails with a [`LedgerError`], on its own or as a variant of its error, when the store cannot be read or
/// written.
///
/// # Cancel safety
/// Dropping a returned future leaves it open whether the change was made. Repeating the call settles it.
pub trait Ledger: Send + Sync + fmt::Debug {
    /// Checks the account and its limit of sessions, and holds the credits.
    ///
    /// # Errors
    /// [`ReserveError`], after which nothing was written unless the store failed.
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<(), ReserveError>>;

    /// Releases a reservation unbilled, because its browser never started. Idempotent; an activated session is not
    /// changed.
    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// Charges the reservation of a render and removes it, in one transaction and durable on return. Returns false if
    /// there is no such reservation, because it was released or because an earlier call has returned true; then nothing
    /// is charged. After a call that failed, this returns true if that call has charged it after all. Idempotent.
    fn charge(&self, id: SessionId, credits: u64) -> BoxFuture<'_, Result<bool, LedgerError>>;

    /// Makes a reservation an active session. Its start counts as its first heartbeat.
    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// Records one heartbeat for all active sessions of this server, with the counters that changed.
    fn heartbeat(
        &self,
        now: Timestamp,
        changed: Vec<UsageUpdate>,
    ) -> BoxFuture<'_, Result<HeartbeatResponse, LedgerError>>;

    /// Sets a new deadline and a new hold in credits.
    ///
    /// # Errors
    /// [`ExtendError`], after which nothing was written unless the store failed.
    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>>;

    /// Writes the final view, charges it and releases the hold, all or nothing and durable on return. Idempotent by id:
    /// returns the stored final view, which is the earlier one if the session was settled before.
    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>>;

    /// Settles every active session that a dead process left, with reason `instance_lost` at its last heartbeat, and
    /// releases reservations unbilled. It may only be called by a process that holds the store exclusively and has no
    /// session yet.
    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>>;

    /// The session, active or final; `None` for another user's session and for one that ended before `not_before`.
    fn find(
        &self,
        user: &UserId,
        id: SessionId,
        not_before: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SessionView>, LedgerError>>;

    /// The user's active sessions, oldest first.
    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>>;

    /// Removes final views of sessions that ended before this time. What they cost stays charged.
    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// How long after a heartbeat was sent its sessions may begin actions; `None` if no other instance could settle
    /// them.
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
