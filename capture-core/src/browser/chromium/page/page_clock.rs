//! Estimates the time of a document's clock. Scripts and input are given a deadline by that clock, so that the document
//! can detect what is too late.
//!
//! This module must not know scripts.

use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

/// The clock `performance.now()` of one document, as known from its answers.
#[derive(Debug, Default)]
pub(crate) struct PageClock {
    /// The earliest known instant at which the clock can have been 0. It is later than the true one by the delay of the
    /// fastest answer.
    zero: Mutex<Option<Instant>>,
}

impl PageClock {
    /// Records an answer that was given at this time of the clock, in milliseconds.
    pub(crate) fn heard(&self, shown: f64) {
        let shown = Duration::try_from_secs_f64(shown / 1_000.0).ok();
        let Some(zero) = shown.and_then(|shown| Instant::now().checked_sub(shown)) else { return };
        let mut known = self.zero.lock();
        *known = Some(known.map_or(zero, |known| known.min(zero)));
    }

    /// The time of the clock at this instant in milliseconds, or slightly less; `None` before the first answer.
    pub(crate) fn at(&self, instant: Instant) -> Option<f64> {
        let zero = (*self.zero.lock())?;
        Some(instant.saturating_duration_since(zero).as_secs_f64() * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_never_told_later_than_it_is() {
        let (clock, zero) = (PageClock::default(), Instant::now());
        assert_eq!(clock.at(zero), None);
        tokio::time::advance(Duration::from_millis(1_000)).await;
        clock.heard(940.0); // the answer took 60 ms
        assert_eq!(clock.at(zero + Duration::from_millis(1_500)), Some(1_440.0));
        clock.heard(990.0);
        clock.heard(900.0);
        assert_eq!(clock.at(zero + Duration::from_millis(1_500)), Some(1_490.0));
        clock.heard(f64::NAN);
        clock.heard(-1.0);
        assert_eq!(clock.at(zero + Duration::from_millis(1_500)), Some(1_490.0));
    }
}
