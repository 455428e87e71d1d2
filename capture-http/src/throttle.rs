//! Delays the answers to failed authentications, the longer the more of them come from one address.
//!
//! No user is locked out: a valid credential is never delayed, whatever others behind its address do. Secrets are 256
//! random bits, so this protects the server's time, not the secrets.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::client_address::Source;

/// Failures that are not delayed: a mistyped secret, or a client that makes requests before it has one.
const FREE: u32 = 3;
/// The first delay; each further failure doubles it.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Contract: the longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(2);
/// An address without a failure for this long starts over.
const FORGET_AFTER: Duration = Duration::from_mins(1);
/// Most addresses that are remembered; above it the one whose last failure is oldest is forgotten.
const MAX_ADDRESSES: usize = 4096;

/// The record of failures by address.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: Mutex<HashMap<Source, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// Counts a failure. Returns how long its answer is to be delayed.
    pub(crate) fn failed(&self, source: Source) -> Duration {
        let now = Instant::now();
        let mut failures = self.failures.lock();
        if !failures.contains_key(&source) && failures.len() >= MAX_ADDRESSES {
            make_room(&mut failures, now);
        }
        let known = failures.entry(source).or_insert(Failures { count: 0, last: now });
        if now - known.last >= FORGET_AFTER {
            known.count = 0;
        }
        *known = Failures { count: known.count.saturating_add(1), last: now };
        delay(known.count)
    }
}

fn make_room(failures: &mut HashMap<Source, Failures>, now: Instant) {
    failures.retain(|_, known| now - known.last < FORGET_AFTER);
    if failures.len() >= MAX_ADDRESSES {
        let oldest = failures.iter().min_by_key(|(_, known)| known.last).map(|(source, _)| *source);
        if let Some(oldest) = oldest {
            failures.remove(&oldest);
        }
    }
}

fn delay(count: u32) -> Duration {
    match count.checked_sub(FREE + 1) {
        Some(doublings) => FIRST_DELAY.saturating_mul(1 << doublings.min(16)).min(LONGEST_DELAY),
        None => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    fn delays(throttle: &Throttle, from: &str, count: usize) -> Vec<u128> {
        (0..count).map(|_| throttle.failed(source(from)).as_millis()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn delays_grow_to_two_seconds_and_are_forgotten() {
        let throttle = Throttle::default();
        assert_eq!(delays(&throttle, "10.0.0.1", 10), [0, 0, 0, 100, 200, 400, 800, 1600, 2000, 2000]);
        assert_eq!(delays(&throttle, "10.0.0.2", 1), [0], "another address is not affected");
        tokio::time::advance(FORGET_AFTER).await;
        assert_eq!(delays(&throttle, "10.0.0.1", 1), [0]);
        assert_eq!(delay(u32::MAX), LONGEST_DELAY);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_the_oldest_goes_first() {
        let throttle = Throttle::default();
        for n in 0..5000_u32 {
            tokio::time::advance(Duration::from_millis(1)).await;
            throttle.failed(Source::of(std::net::Ipv4Addr::from(n).into()));
        }
        let failures = throttle.failures.lock();
        assert_eq!(failures.len(), MAX_ADDRESSES);
        assert!(!failures.contains_key(&source("0.0.0.0")));
        assert!(failures.contains_key(&source("0.0.19.135")), "the last one");
    }
}
