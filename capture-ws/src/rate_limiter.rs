//! The rate of requests: a burst at once, then a number per second.

use tokio::time::{Duration, Instant};

/// A token bucket that refills with time.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    room: f64,
    most: f64,
    a_second: f64,
    looked: Instant,
}

impl RateLimiter {
    pub(crate) fn new(a_second: u32, burst: u32) -> Self {
        let most = f64::from(burst.max(1));
        Self { room: most, most, a_second: f64::from(a_second.max(1)), looked: Instant::now() }
    }

    /// Counts a request. Returns the moment before which no further request should be read, if there is one.
    pub(crate) fn count(&mut self) -> Option<Instant> {
        let now = Instant::now();
        self.room = (self.room + now.duration_since(self.looked).as_secs_f64() * self.a_second).min(self.most) - 1.0;
        self.looked = now;
        (self.room < 1.0).then(|| now + Duration::from_secs_f64((1.0 - self.room) / self.a_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_taken_at_once_and_then_so_many_a_second() {
        let mut pace = RateLimiter::new(120, 240);
        for number in 1..240 {
            assert_eq!(pace.count(), None, "{number}");
        }
        let begun = Instant::now();
        for _ in 0..120 {
            let next = pace.count().expect("no room");
            tokio::time::sleep_until(next).await;
        }
        let took = begun.elapsed();
        assert!((990..1_200).contains(&took.as_millis()), "{took:?}");
    }
}
