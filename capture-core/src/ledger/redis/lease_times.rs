//! How long a heartbeat keeps an instance alive.

use std::time::Duration;

/// How long an instance counts as alive after its last heartbeat. All instances of a cluster must use equal times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// An instance without a heartbeat for this long is dead for the others.
    pub lasts: Duration,
    /// How long after a heartbeat was sent the instance may begin actions. It is less than `lasts`, so that the
    /// instance has stopped before others declare it dead.
    pub allows_actions: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self { lasts: Duration::from_secs(10), allows_actions: Duration::from_secs(7) }
    }
}
