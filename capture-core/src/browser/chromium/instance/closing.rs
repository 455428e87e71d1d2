//! Pages that clients are closing. A page's end is reported a moment after the command, and no action may begin in the
//! page meanwhile.
//!
//! This module must not know clients.

use std::collections::VecDeque;

use tokio::time::{Duration, Instant};

/// Maximum number of pages remembered as closing; the oldest is forgotten first.
const MAX_CLOSING: usize = 32;
/// How long a page counts as closing. A page that asks its user may stay open after all.
const CLOSING: Duration = Duration::from_secs(2);

/// The targets that clients closed recently.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    asked: VecDeque<Asked>,
}

#[derive(Debug)]
struct Asked {
    target: String,
    at: Instant,
    /// Whether the page is closed without being asked.
    surely: bool,
}

impl Closing {
    /// Records that a client closes this target.
    pub(crate) fn ask(&mut self, target: &str, surely: bool, now: Instant) {
        self.forget(target);
        if self.asked.len() >= MAX_CLOSING {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked { target: target.to_owned(), at: now, surely });
    }

    /// Records that the target has ended, or that the browser does not close it.
    pub(crate) fn forget(&mut self, target: &str) {
        self.asked.retain(|asked| asked.target != target);
    }

    /// Whether the end of this target is expected.
    pub(crate) fn expects(&self, target: &str, now: Instant) -> bool {
        self.asked.iter().any(|asked| asked.target == target && now < asked.at + CLOSING)
    }

    /// Whether the end of this target is expected, without its page being asked.
    pub(crate) fn is_sure(&self, target: &str, now: Instant) -> bool {
        self.expects(target, now) && self.asked.iter().any(|asked| asked.target == target && asked.surely)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_as_closing_until_it_has_ended_or_too_long_has_passed() {
        let (mut closing, now) = (Closing::default(), Instant::now());
        closing.ask("one", true, now);
        assert!(closing.is_sure("one", now));
        assert!(closing.expects("one", now) && !closing.expects("other", now));
        assert!(!closing.expects("one", now + CLOSING));
        closing.ask("one", false, now + CLOSING);
        assert!(!closing.is_sure("one", now + CLOSING));
        assert!(closing.expects("one", now + CLOSING));
        closing.forget("one");
        assert!(!closing.expects("one", now + CLOSING));
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let (mut closing, now) = (Closing::default(), Instant::now());
        for at in 0..MAX_CLOSING + 5 {
            closing.ask(&at.to_string(), true, now);
        }
        assert_eq!(closing.asked.len(), MAX_CLOSING);
        assert!(!closing.expects("4", now) && closing.expects("5", now));
    }
}
