//! The last lines a browser wrote to its log, bounded in number and length, and without text of pages.
//!
//! This module must not know processes.

use std::collections::VecDeque;

/// Maximum number of lines.
const LINES: usize = 20;
/// Maximum bytes of a line.
const LINE: usize = 500;

/// The newest lines of the browser itself.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    lines: VecDeque<String>,
    /// The kept part of the unfinished line.
    line: Vec<u8>,
    /// Whether the last line came from a page, in which case the following ones may as well.
    of_page: bool,
}

impl LastWords {
    /// Adds a piece of the log.
    pub(crate) fn hear(&mut self, piece: &[u8]) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE - self.line.len();
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line: String = String::from_utf8_lossy(&line).trim_end().replace(char::is_control, "\u{fffd}");
        // The browser's own lines begin with their source. A message of a page may consist of several lines.
        let begins = line.starts_with('[');
        self.of_page = line.contains("CONSOLE") || (self.of_page && !begins);
        if self.of_page || line.is_empty() {
            return;
        }
        tracing::trace!(target: "chromium", "{line}");
        if self.lines.len() >= LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The line that best explains why the browser ended.
    pub(crate) fn telling(&self) -> String {
        let telling = self.lines.iter().rev().find(|line| line.contains("FATAL") || line.contains("sandbox"));
        telling.or(self.lines.back()).cloned().unwrap_or_else(|| "it said nothing".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(log: &str, piece: usize) -> LastWords {
        let mut words = LastWords::default();
        for piece in log.as_bytes().chunks(piece) {
            words.hear(piece);
        }
        words
    }

    #[test]
    fn lines_are_bounded_in_number_and_length_however_they_arrive() {
        let long = "x".repeat(LINE * 3);
        let log: String =
            (0..LINES * 2).flat_map(|number| ["[".to_owned(), number.to_string(), format!("] {long}\n")]).collect();
        for piece in [1, 7, 4096, log.len()] {
            let words = words(&log, piece);
            assert_eq!(words.lines.len(), LINES);
            assert!(words.lines.iter().all(|line| line.len() == LINE), "{:?}", words.lines);
            assert!(words.telling().starts_with(&format!("[{}] xxx", LINES * 2 - 1)));
        }
        let mut endless = LastWords::default();
        (0..1_000).for_each(|_| endless.hear(&[b'x'; 4096]));
        assert_eq!(endless.line.len(), LINE);
    }

    #[test]
    fn what_explains_an_end_is_told_and_nothing_of_a_page() {
        let log = "[1:1:ERROR:a.cc(1)] No usable sandbox!\n[1:1:INFO:CONSOLE:1] \"secret\n of the page\", source: x\n[1:1:ERROR:b.cc(2)] later\n";
        assert_eq!(words(log, 5).telling(), "[1:1:ERROR:a.cc(1)] No usable sandbox!");
        assert!(!words(log, 5).lines.iter().any(|line| line.contains("secret") || line.contains("page")));
        assert_eq!(words("", 1).telling(), "it said nothing");
        assert_eq!(words("[1] a\u{1b}[31mred\n", 3).telling(), "[1] a\u{fffd}[31mred");
    }
}
