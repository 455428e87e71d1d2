//! The console messages and errors of a session's pages: two rings that keep the newest.
//!
//! This module must not know pages.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    dropped::Dropped,
    message::{ConsoleCalled, Thrown, cut},
};
use crate::{
    action::{Console, ConsoleLevel, ConsoleMessage, ConsoleResult, Errors, ErrorsResult, KEPT_ENTRIES, PageError},
    browser::chromium::cdp::{Event, LoggedKind, SessionKey},
    clock::Clock,
    event::{ConsoleEntry, ConsoleFeedWriter},
};

/// The two rings of a session.
#[derive(Debug)]
pub(crate) struct ConsoleLog {
    messages: Ring<ConsoleMessage>,
    errors: Ring<PageError>,
    pub(crate) dropped: Arc<Dropped>,
    feed: ConsoleFeedWriter,
    /// Time stamps of entries that the server adds. Messages of pages have their browser's time.
    clock: Clock,
}

/// The newest entries, and the number of dropped ones.
#[derive(Debug)]
struct Ring<T> {
    entries: VecDeque<T>,
    dropped: u64,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), dropped: 0 }
    }
}

impl<T: Clone> Ring<T> {
    fn push(&mut self, entry: T) {
        if self.entries.len() >= KEPT_ENTRIES {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(entry);
    }

    /// The newest entries that satisfy `wanted`, oldest first.
    fn newest(&self, limit: u32, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found: Vec<T> = self.entries.iter().rev().filter(|entry| wanted(entry)).take(limit).cloned().collect();
        found.reverse();
        found
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl ConsoleLog {
    /// An empty log that also writes its entries to the feed.
    pub(crate) fn new(feed: ConsoleFeedWriter, clock: Clock) -> Self {
        Self { messages: Ring::default(), errors: Ring::default(), dropped: Arc::default(), feed, clock }
    }

    /// Processes an event. Events other than console messages and exceptions are ignored.
    pub(crate) fn on_event(&mut self, event: &Event) {
        match LoggedKind::of(&event.method) {
            Some(LoggedKind::Message) => {
                if let Some(called) = event.decode().filter(ConsoleCalled::is_written) {
                    self.write(called.into());
                }
            }
            Some(LoggedKind::Error) => {
                if let Some(thrown) = event.decode::<Thrown>() {
                    self.fail(thrown.into());
                }
            }
            None => {}
        }
    }

    fn write(&mut self, message: ConsoleMessage) {
        self.feed.write(|| ConsoleEntry::Console(message.clone()));
        self.messages.push(message);
    }

    fn fail(&mut self, error: PageError) {
        self.feed.write(|| ConsoleEntry::Error(error.clone()));
        self.errors.push(error);
    }

    /// Records that a page logs so much that its console is not read for a while.
    pub(crate) fn muted(&mut self, page: SessionKey, length: Duration) {
        self.dropped.mute(page);
        let (seconds, timestamp) = (length.as_secs(), self.clock.now());
        self.write(ConsoleMessage {
            level: ConsoleLevel::Warning,
            text: format!("Capture: this page logs so much that what it logs in the next {seconds} s is left out here"),
            timestamp,
            url: String::new(),
            line: 0,
        });
    }

    /// The newest requested messages, and the number of missing ones before them.
    pub(crate) fn messages(&mut self, asked: Console) -> ConsoleResult {
        let wanted = |message: &ConsoleMessage| asked.level.is_none_or(|level| level == message.level);
        let messages = self.messages.newest(asked.limit, wanted);
        let dropped = self.messages.dropped + self.dropped.counted(LoggedKind::Message);
        if asked.clear {
            self.messages.clear();
            self.dropped.forget(LoggedKind::Message);
        }
        ConsoleResult { messages, dropped }
    }

    /// The newest errors, and the number of missing ones before them.
    pub(crate) fn errors(&mut self, asked: Errors) -> ErrorsResult {
        let errors = self.errors.newest(asked.limit, |_| true);
        let dropped = self.errors.dropped + self.dropped.counted(LoggedKind::Error);
        if asked.clear {
            self.errors.clear();
            self.dropped.forget(LoggedKind::Error);
        }
        ErrorsResult { errors, dropped }
    }

    /// Records a document that did not load, with the reason if known. If both the page and the action that navigated
    /// report it, it is one error.
    pub(crate) fn document_failed(&mut self, url: &str, why: Option<&str>) {
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let message = format!("the document at {} did not load{why}", cut(url));
        if let Some(last) = self.errors.entries.back_mut().filter(|last| last.line == 0 && last.url == cut(url)) {
            if !why.is_empty() {
                last.message = message;
            }
            return;
        }
        let timestamp = self.clock.now();
        self.fail(PageError { message, stack: String::new(), url: cut(url), line: 0, column: 0, timestamp });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_keep_the_newest() {
        let mut ring = Ring::default();
        for number in 0..KEPT_ENTRIES + 3 {
            ring.push(number);
        }
        assert_eq!((ring.dropped, ring.newest(2, |_| true)), (3, vec![KEPT_ENTRIES + 1, KEPT_ENTRIES + 2]));
    }
}
