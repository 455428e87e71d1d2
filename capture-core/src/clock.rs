//! The clock: a pair of wall time and monotonic time, read once.
//!
//! Deadlines and elapsed times come from the monotonic clock, so that a step of the wall clock neither shortens a
//! session nor costs a credit. The wall times shown to clients are derived from that pair and therefore never run
//! backwards.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::time::Instant;

/// Milliseconds since the Unix epoch. The wire form is RFC 3339 UTC with milliseconds and `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", extend("format" = "date-time"))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The timestamp that is `after` later.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(millis(after)))
    }

    /// The duration since `earlier`; zero if `earlier` is later than this.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since_epoch = Duration::from_millis(u64::try_from(self.0).unwrap_or(0));
        write!(f, "{}", humantime::format_rfc3339_millis(UNIX_EPOCH + since_epoch))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = humantime::parse_rfc3339(&text).map_err(serde::de::Error::custom)?;
        Ok(Self(millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())))
    }
}

/// A wall time and a monotonic time that were read at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    wall: Timestamp,
}

impl Clock {
    /// Reads both clocks now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), wall: Timestamp(millis(wall)) }
    }

    /// The current wall time.
    pub fn now(&self) -> Timestamp {
        self.wall.plus(self.started.elapsed())
    }

    /// The monotonic instant at which [`Clock::now`] returns `at`; the current instant if `at` is past.
    pub fn instant(&self, at: Timestamp) -> Instant {
        Instant::now() + at.since(self.now())
    }
}

/// The duration in whole milliseconds, saturating.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_rfc3339_with_milliseconds() {
        let text = serde_json::to_string(&Timestamp(1_750_000_000_007)).unwrap();
        assert_eq!(text, "\"2025-06-15T15:06:40.007Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), Timestamp(1_750_000_000_007));
    }

    #[tokio::test(start_paused = true)]
    async fn wall_time_follows_the_monotonic_clock() {
        let clock = Clock::start();
        let before = clock.now();
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now().since(before), Duration::from_secs(90));
    }
}
