//! What each user did lately: at most so often within a sliding window.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::Duration,
};

use tokio::time::Instant;

/// The times of recent events by user. Users without any are forgotten.
#[derive(Debug)]
pub struct Window<U: Clone + Eq + Hash> {
    most: usize,
    length: Duration,
    recent: HashMap<U, VecDeque<Instant>>,
}

impl<U: Clone + Eq + Hash> Window<U> {
    /// Admits this many events of each user within any period of this length.
    pub fn new(most: usize, length: Duration) -> Self {
        Self { most, length, recent: HashMap::new() }
    }

    /// Counts an event at this time.
    ///
    /// # Errors
    /// How long the user has to wait until one is admitted; then it is not counted.
    pub fn admit(&mut self, user: &U, now: Instant) -> Result<(), Duration> {
        let length = self.length;
        self.recent.retain(|_, times| {
            while times.front().is_some_and(|first| now.duration_since(*first) >= length) {
                times.pop_front();
            }
            !times.is_empty()
        });
        let times = self.recent.entry(user.clone()).or_default();
        if times.len() < self.most {
            times.push_back(now);
            return Ok(());
        }
        Err(times.front().map_or(length, |first| length.saturating_sub(now.duration_since(*first))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_events_a_minute_are_admitted_for_each_user() {
        let minute = Duration::from_secs(60);
        let (mut window, now) = (Window::new(5, minute), Instant::now());
        let admitted = (0..8).filter(|_| window.admit(&"ann", now).is_ok()).count();
        assert_eq!(admitted, 5);
        assert!(window.admit(&"bob", now).is_ok());
        let last = Duration::from_millis(59_999);
        assert_eq!(window.admit(&"ann", now + last), Err(Duration::from_millis(1)));
        assert_eq!(window.admit(&"ann", now + minute), Ok(()));
        assert_eq!(window.admit(&"ann", now + 3 * minute), Ok(()));
        assert_eq!(window.recent.len(), 1, "users without recent events are forgotten");
    }
}
