//! Limits what pages may log: decides which pages are muted, and until when.
//!
//! This module must not know how a page is muted.

use std::collections::HashMap;

use tokio::time::{Duration, Instant};

use crate::browser::chromium::cdp::SessionKey;

/// Maximum number of console messages and exceptions of one session per second. Above it the page that logs is muted,
/// because all sessions share the pipe.
const LINES: u32 = 5_000;
/// Maximum bytes of these per second, as the browser writes them.
const BYTES: usize = 8 << 20;
/// The period of counting, and the duration of a mute.
const WINDOW: Duration = Duration::from_secs(1);
/// Maximum duration of a mute. Lines of megabytes cost the whole browser, so pages that repeat them are muted twice as
/// long after each relapse, up to this.
const LONGEST: Duration = Duration::from_secs(64);
/// A page relapses if it exceeds the limit within this time after its mute ended.
const PROBATION: Duration = Duration::from_secs(60);
/// A muted page that shows another document is unmuted after this time, since its scripts are only known then.
const DOCUMENT: Duration = Duration::from_secs(3);

/// Counts what the pages of one session log.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// Beginning of the current second.
    since: Instant,
    lines: u32,
    bytes: usize,
    muted: HashMap<SessionKey, Muted>,
    /// How long the next page that logs too many bytes is muted, and until when that counts as a relapse.
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

    /// Counts a line of this size. If its page must be muted now, returns for how long.
    pub(crate) fn count(&mut self, page: &SessionKey, bytes: usize, now: Instant) -> Option<Duration> {
        if self.muted.contains_key(page) {
            return None; // it was already on its way when the page was muted
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

    /// Records that the page shows another document.
    pub(crate) fn moved(&mut self, page: &SessionKey) {
        if let Some(muted) = self.muted.get_mut(page) {
            muted.until = muted.until.min(muted.since + DOCUMENT);
        }
    }

    /// The time at which the next mute ends.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.muted.values().map(|muted| muted.until).min()
    }

    /// The pages whose mute has ended.
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
