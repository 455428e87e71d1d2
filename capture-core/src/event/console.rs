//! Console lines and errors of a session's pages. They are sent as they happen, at a bounded rate, and are not kept.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::{
    sync::broadcast,
    time::{Duration, Instant},
};

use crate::action::{ConsoleMessage, PageError};

/// Maximum number of lines sent in any second; further lines are counted as dropped.
const A_SECOND: u32 = 50;
/// Number of lines buffered for a slow follower; older ones are lost to it.
const AHEAD: usize = 64;

/// A console message or an error of a page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ConsoleEntry {
    /// A console message.
    Console(ConsoleMessage),
    /// An error.
    Error(PageError),
}

/// A console line, with the number of lines that were dropped before it.
#[derive(Debug, Clone)]
pub struct ConsoleLine {
    /// The line.
    pub entry: ConsoleEntry,
    /// Lines dropped since the previous one because of the rate limit.
    pub dropped: u64,
}

/// The feed of console lines. Clones share one feed.
#[derive(Debug, Clone)]
pub struct ConsoleFeed {
    live: broadcast::Sender<Arc<ConsoleLine>>,
}

impl Default for ConsoleFeed {
    fn default() -> Self {
        Self { live: broadcast::Sender::new(AHEAD) }
    }
}

impl ConsoleFeed {
    /// Subscribes to all lines from now on.
    pub fn follow(&self) -> broadcast::Receiver<Arc<ConsoleLine>> {
        self.live.subscribe()
    }

    /// A writer with a rate limit of its own.
    pub fn writer(&self) -> ConsoleFeedWriter {
        ConsoleFeedWriter { lines: self.clone(), second: Instant::now(), told: 0, dropped: 0 }
    }
}

impl Default for ConsoleFeedWriter {
    fn default() -> Self {
        ConsoleFeed::default().writer()
    }
}

/// Writes lines to the feed, within the rate limit.
#[derive(Debug)]
pub struct ConsoleFeedWriter {
    lines: ConsoleFeed,
    second: Instant,
    told: u32,
    dropped: u64,
}

impl ConsoleFeedWriter {
    /// Writes a line, or counts it as dropped. `entry` is called only if the line is sent.
    pub fn write(&mut self, entry: impl FnOnce() -> ConsoleEntry) {
        if self.lines.live.receiver_count() == 0 {
            return;
        }
        if self.second.elapsed() >= Duration::from_secs(1) {
            (self.second, self.told) = (Instant::now(), 0);
        }
        if self.told >= A_SECOND {
            self.dropped += 1;
            return;
        }
        self.told += 1;
        let line = ConsoleLine { entry: entry(), dropped: std::mem::take(&mut self.dropped) };
        let _ = self.lines.live.send(Arc::new(line)); // fails when the last follower has left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{action::ConsoleLevel, clock::Timestamp};

    fn entry() -> ConsoleEntry {
        let (text, url) = ("x".to_owned(), String::new());
        ConsoleEntry::Console(ConsoleMessage { level: ConsoleLevel::Log, text, timestamp: Timestamp(0), url, line: 1 })
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_a_second_are_told_and_the_others_counted() {
        let lines = ConsoleFeed::default();
        let (mut writer, mut follower) = (lines.writer(), lines.follow());
        for _ in 0..70 {
            writer.write(entry);
        }
        assert_eq!(follower.len(), 50);
        while follower.try_recv().is_ok() {}
        tokio::time::advance(Duration::from_secs(1)).await;
        writer.write(entry);
        assert_eq!(follower.try_recv().unwrap().dropped, 20);
    }

    #[test]
    fn nothing_is_made_for_nobody() {
        let mut writer = ConsoleFeed::default().writer();
        writer.write(|| panic!("nobody follows"));
    }
}
