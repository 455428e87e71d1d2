//! Pages that write to their console faster than anyone reads. Which are muted and until when; the sending is not known here.

use std::collections::HashMap;

use tokio::time::{Duration, Instant};

use super::cdp::SessionKey;

/// Console messages and exceptions of one page in a second; beyond, it is muted: the pipe is shared with other sessions.
const PER_SECOND: u32 = 5_000;
/// The second that is counted, and how long a page is muted.
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Flood {
    pages: HashMap<SessionKey, Page>,
}

#[derive(Debug)]
enum Page {
    Counted { since: Instant, events: u32 },
    Muted { until: Instant },
}

impl Flood {
    /// Counts an event; true where its page is to be muted from now on.
    pub(super) fn count(&mut self, page: &SessionKey, now: Instant) -> bool {
        let fresh = Page::Counted { since: now, events: 1 };
        let Some(known) = self.pages.get_mut(page) else {
            self.pages.insert(page.clone(), fresh);
            return false;
        };
        match known {
            Page::Muted { .. } => false, // was under way
            Page::Counted { since, .. } if now - *since >= WINDOW => {
                *known = fresh;
                false
            }
            Page::Counted { events, .. } if *events < PER_SECOND => {
                *events += 1;
                false
            }
            Page::Counted { .. } => {
                *known = Page::Muted { until: now + WINDOW };
                true
            }
        }
    }

    /// When the next page may speak again.
    pub(super) fn next(&self) -> Option<Instant> {
        let muted = |page: &Page| match page {
            Page::Muted { until } => Some(*until),
            Page::Counted { .. } => None,
        };
        self.pages.values().filter_map(muted).min()
    }

    /// Pages that may speak again now. Those that have been quiet are forgotten.
    pub(super) fn due(&mut self, now: Instant) -> Vec<SessionKey> {
        let over = |page: &Page| match page {
            Page::Muted { until } => *until <= now,
            Page::Counted { since, .. } => now - *since >= WINDOW,
        };
        let (due, _): (Vec<_>, Vec<_>) =
            self.pages.extract_if(|_, page| over(page)).partition(|(_, page)| matches!(page, Page::Muted { .. }));
        due.into_iter().map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_muted_for_a_second_when_it_writes_too_fast() {
        let (mut flood, start, page) = (Flood::default(), Instant::now(), SessionKey::from("page"));
        assert!((0..PER_SECOND).all(|_| !flood.count(&page, start)));
        assert_eq!(flood.next(), None);
        assert!(flood.count(&page, start), "one too many");
        assert!(!flood.count(&page, start), "told once");
        assert_eq!(flood.next(), Some(start + WINDOW));
        assert_eq!(flood.due(start), []);
        assert!(flood.due(start + WINDOW).contains(&page));
        assert!(!flood.count(&page, start + WINDOW), "counted anew");
    }

    #[test]
    fn a_page_that_writes_now_and_then_is_never_muted() {
        let (mut flood, start, page) = (Flood::default(), Instant::now(), SessionKey::from("page"));
        assert!((0..100_000).all(|count| !flood.count(&page, start + WINDOW * count / PER_SECOND)));
        flood.due(start + WINDOW * 1_000);
        assert!(flood.pages.is_empty(), "quiet pages are forgotten");
    }
}
