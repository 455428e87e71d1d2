//! The ledger of a cluster, which many instances share in Redis.
//!
//! Every change is one script, so that concurrent instances agree on one result. Every instance sends heartbeats. An
//! instance without a heartbeat for one lease is declared dead by any other instance, and its sessions are settled at
//! its last heartbeat. An instance whose own heartbeats fail suspends actions before that can happen ([`LeaseTimes`]).
//!
//! What could not be written while Redis was unavailable is written with the next successful heartbeat. When Redis has
//! lost its data, the owners restore their sessions.

mod accounts;
mod connect;
#[cfg(test)]
pub(crate) mod fake;
mod fingerprints;
mod heartbeat;
mod lease_times;
mod memory;
mod own;
mod places;
mod record;
mod restore;
mod secrets;
mod store;
mod tickets;
mod verbs;

use std::{collections::HashMap, fmt, sync::Arc};

use parking_lot::Mutex;
use tokio::time::Instant;

pub(crate) use self::store::{arguments, malformed, run};
pub use self::{
    lease_times::LeaseTimes,
    places::{Claim, InstanceId, Whereabouts},
    store::{Answer, Argument, Script, Store, StoreError},
};
use self::{
    memory::{Remembered, Settled},
    own::Own,
};
use crate::{account::ConnectKey, session::SessionId};

/// The error while sessions may be missing from Redis, during which no session is reported as not found.
const LOST: &str = "data that Redis lost is being restored";

/// The ledger of one instance of a cluster.
pub struct RedisLedger {
    store: Arc<dyn Store>,
    me: InstanceId,
    address: String,
    lease: LeaseTimes,
    own: Mutex<HashMap<SessionId, Own>>,
    settled: Mutex<Settled>,
    remembered: Remembered,
    pulse: Mutex<Pulse>,
    /// The key for tokens of CDP clients, once it was read.
    connect_key: Mutex<Option<ConnectKey>>,
}

/// The data set and the life number of this instance, as far as known. Being declared dead changes the number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    dataset: String,
    life: i64,
}

/// What this instance knows about its own heartbeats.
#[derive(Debug, Default)]
struct Pulse {
    /// Data set and life from the last heartbeat; `None` before the first.
    known: Option<Known>,
    /// Since when every heartbeat has succeeded within a lease of the one before.
    healthy_since: Option<Instant>,
    last: Option<Instant>,
    /// A time of Redis's clock, with the local instant it belongs to.
    time: Option<(i64, Instant)>,
}

impl fmt::Debug for RedisLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLedger").field("me", &self.me).finish_non_exhaustive()
    }
}

impl RedisLedger {
    /// The ledger of the instance `me`.
    pub fn new(store: Arc<dyn Store>, me: InstanceId) -> Self {
        let (own, remembered, pulse) = (Mutex::default(), Remembered::default(), Mutex::default());
        let (settled, connect_key) = (Mutex::default(), Mutex::default());
        Self {
            store,
            me,
            address: String::new(),
            lease: LeaseTimes::default(),
            own,
            settled,
            remembered,
            pulse,
            connect_key,
        }
    }

    /// Sets the address at which other instances reach this one beside the bus.
    #[must_use]
    pub fn advertising(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets other lease times than the default.
    #[must_use]
    pub fn leased(mut self, lease: LeaseTimes) -> Self {
        self.lease = lease;
        self
    }

    /// The lease times.
    pub fn lease_times(&self) -> LeaseTimes {
        self.lease
    }

    /// Id of this instance.
    pub fn instance(&self) -> &InstanceId {
        &self.me
    }

    /// What the last heartbeat reported.
    fn known(&self) -> Known {
        self.pulse.lock().known.clone().unwrap_or_default()
    }
}
