//! A bound for what pages log: which pages are muted, and until when.
//!
//! Knows nothing of how a page is muted.

use std::collections::HashMap;

use tokio::time::{Duration, Instant};

use crate::browser::chromium::cdp::SessionKey;

/// Console messages and exceptions of one session in a second; beyond, the page that logs is muted: the pipe is shared.
const LINES: u32 = 5_000;
/// Their bytes in a second, as the browser writes them.
const BYTES: usize = 8 << 20;
/// The second that is counted, and how long a page is muted.
const WINDOW: Duration = Duration::from_secs(1);
/// Each line of megabytes costs the whole browser, so pages that go on with them are listened to ever more rarely:
/// twice as long at each relapse, up to this.
const LONGEST: Duration = Duration::from_secs(64);
/// A relapse is what comes within this time after a page was listened to again.
const PROBATION: Duration = Duration::from_secs(60);
/// A page that shows another document is listened to again after this, because its scripts are only found then.
const DOCUMENT: Duration = Duration::from_secs(3);

/// What the pages of one session log.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// When the second began that is counted.
    since: Instant,
    lines: u32,
    bytes: usize,
    muted: HashMap<SessionKey, Muted>,
    /// How long the next page is muted that logs too many bytes, and until when that counts as a relapse.
    next_mute: Duration,
    probation: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Muted {
    since: Instant,
    until: Instant,
}

impl RateLimit {
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, lines: 0, bytes: 0, muted: HashMap::new(), next_mute: WINDOW, probation: now }
    }

    /// Counts a line of so many bytes; where its page is to be muted from now on, for how long.
    pub(crate) fn count(&mut self, page: &SessionKey, bytes: usize, now: Instant) -> Option<Duration> {
        if self.muted.contains_key(page) {
            return None; // was under way
        }
        if now - self.since >= WINDOW {
            (self.since, self.lines, self.bytes) = (now, 0, 0);
        }
        self.lines = self.lines.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        let length = if self.bytes > BYTES {
            self.next_length(now)
        } else if self.lines > LINES {
            WINDOW
        } else {
            return None;
        };
        self.muted.insert(page.clone(), Muted { since: now, until: now + length });
        Some(length)
    }

    fn next_length(&mut self, now: Instant) -> Duration {
        let length = if now < self.probation { self.next_mute } else { WINDOW };
        self.next_mute = LONGEST.min(length * 2);
        self.probation = now + length + PROBATION;
        length
    }

    /// The page shows another document.
    pub(crate) fn moved(&mut self, page: &SessionKey) {
        if let Some(muted) = self.muted.get_mut(page) {
            muted.until = muted.until.min(muted.since + DOCUMENT);
        }
    }

    /// When the next page may speak again.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.muted.values().map(|muted| muted.until).min()
    }

    /// Pages that may speak again now.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<SessionKey> {
        self.muted.extract_if(|_, muted| muted.until <= now).map(|(page, _)| page).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit() -> (RateLimit, Instant, SessionKey) {
        let now = Instant::now();
        (RateLimit::new(now), now, SessionKey::from("page"))
    }

    #[test]
    fn a_page_is_muted_for_a_second_when_it_writes_too_many_lines() {
        let (mut limit, start, page) = limit();
        assert!((0..LINES).all(|_| limit.count(&page, 100, start).is_none()));
        assert_eq!(limit.next(), None);
        assert_eq!(limit.count(&page, 100, start), Some(WINDOW), "one too many");
        assert_eq!(limit.count(&page, 100, start), None, "told once");
        assert_eq!(limit.next(), Some(start + WINDOW));
        assert_eq!(limit.due(start), []);
        assert_eq!(limit.due(start + WINDOW), std::slice::from_ref(&page));
        assert_eq!(limit.count(&page, 100, start + WINDOW), None, "counted anew");
    }

    #[test]
    fn a_page_that_writes_now_and_then_is_never_muted() {
        let (mut limit, start, page) = limit();
        assert!((0..100_000).all(|count| limit.count(&page, 1_000, start + WINDOW * count / LINES).is_none()));
    }

    #[test]
    fn a_page_that_goes_on_with_long_lines_is_muted_ever_longer() {
        let (mut limit, mut now, page) = limit();
        let mut seconds = Vec::new();
        for _ in 0..9 {
            let length = limit.count(&page, BYTES + 1, now).unwrap();
            seconds.push(length.as_secs());
            now += length;
            assert_eq!(limit.due(now), std::slice::from_ref(&page));
        }
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(limit.count(&page, BYTES + 1, now + PROBATION), Some(WINDOW), "what was long ago is forgotten");
    }

    #[test]
    fn the_bytes_of_all_pages_of_a_session_count_together() {
        let (mut limit, start, page) = limit();
        let other = SessionKey::from("other");
        assert_eq!(limit.count(&page, BYTES, start), None);
        assert_eq!(limit.count(&other, 1, start), Some(WINDOW));
        assert_eq!(limit.count(&page, 1, start), Some(WINDOW * 2));
    }

    #[test]
    fn another_document_is_listened_to_soon() {
        let (mut limit, start, page) = limit();
        limit.next_mute = LONGEST;
        limit.probation = start + PROBATION;
        assert_eq!(limit.count(&page, BYTES + 1, start), Some(LONGEST));
        limit.moved(&page);
        assert_eq!(limit.next(), Some(start + DOCUMENT));
        limit.moved(&SessionKey::from("unknown"));
    }
}
