//! How many failed renders of a user are free of charge within a minute.

use std::collections::{HashMap, VecDeque};

use tokio::time::{Duration, Instant};

use crate::account::UserId;

/// Number of failed renders of a user that are free within [`WINDOW`].
const FREE: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// The times of recent free failures by user. Users without any are forgotten.
#[derive(Debug, Default)]
pub(super) struct FailedRenders {
    recent: HashMap<UserId, VecDeque<Instant>>,
}

impl FailedRenders {
    /// Whether a failure at this time is free; if so, it counts.
    pub(super) fn is_free(&mut self, user: &UserId, now: Instant) -> bool {
        self.recent.retain(|_, times| {
            while times.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
                times.pop_front();
            }
            !times.is_empty()
        });
        let times = self.recent.entry(user.clone()).or_default();
        let is_free = times.len() < FREE;
        if is_free {
            times.push_back(now);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_a_minute_are_free_for_each_user() {
        let (mut failed, now) = (FailedRenders::default(), Instant::now());
        let (ann, bob): (UserId, UserId) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let free = (0..8).filter(|_| failed.is_free(&ann, now)).count();
        assert_eq!(free, FREE);
        assert!(failed.is_free(&bob, now));
        assert!(!failed.is_free(&ann, now + WINDOW - Duration::from_millis(1)));
        assert!(failed.is_free(&ann, now + WINDOW));
        assert!(failed.is_free(&ann, now + 3 * WINDOW));
        assert_eq!(failed.recent.len(), 1, "users without recent failures are forgotten");
    }
}
