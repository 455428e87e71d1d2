//! The price of a session in credits, as pure arithmetic: one credit per started minute, at least one.

use std::time::Duration;

/// Credits charged for a session that ran for `elapsed`.
pub fn credits_for(elapsed: Duration) -> u64 {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    millis.div_ceil(60_000).max(1)
}

/// Credits held while a session with a time to live of `max_ttl` is active.
pub fn hold_for(max_ttl: Duration) -> u64 {
    credits_for(max_ttl)
}

/// The longest time to live that `credits` cover, in whole seconds.
pub fn seconds_covered(credits: u64) -> u64 {
    credits.saturating_mul(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_cover_whole_minutes() {
        assert_eq!([0, 1, 15].map(seconds_covered), [0, 60, 900]);
        assert_eq!(hold_for(Duration::from_secs(seconds_covered(7))), 7);
    }

    #[test]
    fn a_started_minute_costs_one_credit() {
        for (millis, credits) in [(0, 1), (1, 1), (59_999, 1), (60_000, 1), (60_001, 2), (120_000, 2), (900_000, 15)] {
            assert_eq!(credits_for(Duration::from_millis(millis)), credits, "{millis} ms");
        }
    }
}
