//! Why an instance of a cluster can be sent no requests now, as a health check reports it.

use super::bus::BusError;
use crate::engine;

/// Why this instance can be sent no requests now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotReady {
    /// Its engine creates no sessions.
    #[error(transparent)]
    Engine(#[from] engine::NotReady),
    /// For a whole lease no heartbeat of this instance could be written: to the others it is dead.
    #[error("redis: no heartbeat could be written for a lease")]
    NoHeartbeat,
    /// It does not hear the other instances.
    #[error(transparent)]
    Bus(#[from] BusError),
}
