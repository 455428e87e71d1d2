//! When a watcher is sent the remaining time. Pure: takes a remaining time and returns the next moment.

use std::time::Duration;

/// Remaining seconds at which a countdown is always sent: a minute, half a minute, and each of the last ten seconds.
const ALWAYS: [u64; 12] = [60, 30, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];

/// The remaining time at which the next countdown is sent: the nearest multiple of `interval` below `remaining`, or the
/// nearest moment of `ALWAYS` if that comes first. Zero when the next moment is the end.
pub fn next_tick(remaining: Duration, interval: Duration) -> Duration {
    let always = ALWAYS.iter().map(|seconds| Duration::from_secs(*seconds)).find(|moment| *moment < remaining);
    always.unwrap_or_default().max(multiple_below(remaining, interval))
}

fn multiple_below(remaining: Duration, interval: Duration) -> Duration {
    let step = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
    let left = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
    let whole = if remaining.subsec_nanos().is_multiple_of(1_000_000) { left.saturating_sub(1) } else { left };
    Duration::from_millis(whole / step * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_fall_on_whole_intervals_and_on_the_moments_that_matter() {
        for (remaining_ms, interval_ms, next_ms) in [
            (300_000, 1_000, 299_000),
            (299_400, 1_000, 299_000),
            (90_000, 60_000, 60_000),
            (60_000, 60_000, 30_000),
            (30_000, 60_000, 10_000),
            (10_000, 60_000, 9_000),
            (1_500, 60_000, 1_000),
            (1_000, 60_000, 0),
            (700, 1_000, 0),
        ] {
            let next = next_tick(Duration::from_millis(remaining_ms), Duration::from_millis(interval_ms));
            assert_eq!(next, Duration::from_millis(next_ms), "{remaining_ms} ms left, every {interval_ms} ms");
        }
    }
}
