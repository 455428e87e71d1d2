//! What a page writes to its console and what goes wrong in it, told as it happens: at most so much a second, never kept.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::{
    sync::broadcast,
    time::{Duration, Instant},
};

use crate::action::{ConsoleMessage, PageError};

/// Told in any second; what comes beyond is counted.
const A_SECOND: u32 = 50;
/// Kept for a follower that is busy; what it misses is lost to it.
const AHEAD: usize = 64;

/// Something a page wrote.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ConsoleEntry {
    /// A message of the console.
    Console(ConsoleMessage),
    /// Something that went wrong.
    Error(PageError),
}

/// One line, with what was left out before it.
#[derive(Debug, Clone)]
pub struct ConsoleLine {
    /// The entry.
    pub entry: ConsoleEntry,
    /// Lines left out since the one before, because there were too many.
    pub dropped: u64,
}

/// Where a page tells its lines; cloning shares it.
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
    /// Everything that is written from now on.
    pub fn follow(&self) -> broadcast::Receiver<Arc<ConsoleLine>> {
        self.live.subscribe()
    }

    /// A measure of how much may be told, for whoever tells.
    pub fn writer(&self) -> ConsoleFeedWriter {
        ConsoleFeedWriter { lines: self.clone(), second: Instant::now(), told: 0, dropped: 0 }
    }
}

impl Default for ConsoleFeedWriter {
    fn default() -> Self {
        ConsoleFeed::default().writer()
    }
}

/// Tells lines within the bound.
#[derive(Debug)]
pub struct ConsoleFeedWriter {
    lines: ConsoleFeed,
    second: Instant,
    told: u32,
    dropped: u64,
}

impl ConsoleFeedWriter {
    /// Tells one, or counts it as left out.
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
        let _ = self.lines.live.send(Arc::new(line)); // nobody follows any more
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
