//! The `content` action: reads the page and the documents of its frames, each in its own process.
//!
//! What is converted to text, and how, is decided in `scripts/`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    action::{ActionResult, Content, ContentFormat, ContentResult},
    browser::{
        BrowserError,
        chromium::page::{chromium_page::ChromiumPage, document::World, locate::PEEK},
    },
};

/// Maximum duration of reading the page, so that there is time to return what was read until then.
const READING: Duration = Duration::from_secs(5);
/// Maximum duration of reading a frame; less than for the page.
const READING_FRAME: Duration = Duration::from_millis(350);
/// Maximum length of a page as HTML, in UTF-16 units.
const MOST_HTML: usize = 16 << 20;
/// Maximum length of a page as text or Markdown, in bytes. The page cuts at this number of UTF-16 units, each of which
/// is at least a byte.
const MOST_TEXT: usize = 4 << 20;
/// Maximum number of frames that are read.
const MOST_FRAMES: usize = 50;
/// Maximum depth of nested frames that are read.
const MOST_NESTED: usize = 8;

/// A document as its own process read and converted it, so that a large or deeply nested page costs only its own
/// session.
#[derive(Debug, Deserialize)]
struct Source {
    url: String,
    title: String,
    /// The text up to the first gap.
    content: String,
    #[serde(default)]
    gaps: Vec<Gap>,
    truncated: bool,
    /// The document hides itself, and was read as it would be shown.
    #[serde(default)]
    hidden: bool,
    /// Elements that may have a closed shadow root.
    #[serde(default)]
    hosts: usize,
}

/// A place for the content of a frame.
#[derive(Debug, Deserialize)]
struct Gap {
    /// The prefix of lines at this place.
    prefix: String,
    /// The place is inside something that cannot hold a line break.
    line: bool,
    /// The text between this gap and the next one.
    after: String,
}

/// What may still be read.
struct Reading {
    format: ContentFormat,
    until: Instant,
    frames: usize,
    bytes: usize,
    /// Depth of nested frames.
    nesting: usize,
    truncated: bool,
}

impl ChromiumPage {
    pub(crate) async fn content(&self, content: Content, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let format = content.format;
        let mut reading = Reading {
            format,
            until: deadline.min(Instant::now() + READING),
            frames: MOST_FRAMES,
            bytes: MOST_TEXT,
            nesting: 0,
            truncated: false,
        };
        let wanted = reading.wanted(READING);
        let (mut source, mut world): (Source, World) = self.call_somewhere("content", &wanted, deadline).await?;
        if source.hosts > 0 && self.open_closed(&world, reading.until.min(Instant::now() + PEEK)).await {
            (source, world) = self.call_somewhere("content", &wanted, deadline).await?;
        }
        let Source { url, title, content, gaps, truncated, hidden, .. } = source;
        let mut content = self.filled(content, gaps, &world, &mut reading).await;
        reading.truncated |= truncated;
        if format != ContentFormat::Html && content.len() > MOST_TEXT {
            content.truncate(content.floor_char_boundary(MOST_TEXT));
            reading.truncated = true;
        }
        let truncated = reading.truncated;
        Ok(ActionResult::Content(ContentResult { format, content, url, title, truncated, hidden }))
    }

    /// The text of a document with the text of its frames inserted.
    async fn filled(&self, first: String, gaps: Vec<Gap>, world: &World, reading: &mut Reading) -> String {
        if gaps.is_empty() {
            return first;
        }
        self.mark_frames(world, reading.until).await;
        let patience = reading.until.min(Instant::now() + PEEK);
        let frames: Vec<Option<String>> = world.ask("framesOfReading", &(), patience).await.unwrap_or_default();
        let mut frames = frames.into_iter();
        let mut text = first;
        for gap in gaps {
            reading.bytes = reading.bytes.min(MOST_TEXT.saturating_sub(text.len()));
            let known = frames.next().flatten();
            let frame = known.and_then(|id| self.tabs.borrow().other_worlds().into_iter().find(|it| it.frame == id));
            if let Some(frame) = frame {
                let inner = Box::pin(self.frame_content(&frame, reading)).await;
                gap.fill(&mut text, &inner);
            }
            gap.go_on(&mut text);
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// The content of a frame. It is empty if the frame is gone, too busy, or beyond the bounds.
    async fn frame_content(&self, world: &World, reading: &mut Reading) -> String {
        let is_over = reading.bytes == 0 || reading.frames == 0 || Instant::now() >= reading.until;
        if is_over || reading.nesting >= MOST_NESTED {
            reading.truncated = true;
            return String::new();
        }
        reading.frames -= 1;
        let patience = reading.until.min(Instant::now() + PEEK);
        let asked = world.ask::<Source>("content", &reading.wanted(READING_FRAME), patience).await;
        let Ok(mut source) = asked else { return String::new() };
        if source.hosts > 0 && self.open_closed(world, patience).await {
            let again = world.ask::<Source>("content", &reading.wanted(READING_FRAME), patience).await;
            source = again.unwrap_or(source);
        }
        let Source { content, gaps, truncated, .. } = source;
        reading.nesting += 1;
        reading.truncated |= truncated;
        let text = self.filled(content, gaps, world, reading).await;
        reading.nesting -= 1;
        reading.bytes = reading.bytes.saturating_sub(text.len());
        text
    }
}

impl Reading {
    fn wanted(&self, within: Duration) -> serde_json::Value {
        json!({
            "format": self.format, "most": self.bytes, "mostHtml": MOST_HTML, "millis": within.as_millis(),
        })
    }
}

impl Gap {
    /// Appends the content of a frame to the text.
    fn fill(&self, text: &mut String, inner: &str) {
        if inner.is_empty() {
            return;
        }
        if self.line {
            let words: Vec<&str> = inner.split_whitespace().collect();
            if !text.ends_with(char::is_whitespace) {
                text.push(' ');
            }
            text.push_str(&words.join(" ").replace('|', "\\|"));
            return;
        }
        text.truncate(text.trim_end().len());
        let empty = self.prefix.trim_end();
        if !text.is_empty() {
            text.extend(["\n", empty, "\n"]);
        }
        let lines =
            inner.lines().map(|line| if line.is_empty() { empty.to_owned() } else { self.prefix.clone() + line });
        text.push_str(&lines.collect::<Vec<_>>().join("\n"));
    }

    /// Appends the text after the gap.
    fn go_on(&self, text: &mut String) {
        if self.after.is_empty() {
            return;
        }
        if text.is_empty() {
            text.push_str(self.after.trim_start());
            return;
        }
        if !self.line && !self.after.starts_with('\n') {
            text.push_str("\n\n");
        }
        text.push_str(&self.after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(prefix: &str, line: bool, after: &str) -> Gap {
        Gap { prefix: prefix.to_owned(), line, after: after.to_owned() }
    }

    fn filled(first: &str, gap: &Gap, inner: &str) -> String {
        let mut text = first.to_owned();
        gap.fill(&mut text, inner);
        gap.go_on(&mut text);
        text
    }

    #[test]
    fn a_frame_stands_apart_from_what_is_around_it() {
        assert_eq!(filled("one", &gap("", false, "\n\nthree"), "two\n\nmore"), "one\n\ntwo\n\nmore\n\nthree");
        assert_eq!(filled("", &gap("", false, "three"), "two"), "two\n\nthree");
        assert_eq!(filled("one", &gap("", false, "\n\nthree"), ""), "one\n\nthree");
        assert_eq!(filled("", &gap("", false, ""), "two"), "two");
        assert_eq!(
            filled("> one", &gap("> ", false, "\n>\n> three"), "two\n\nmore"),
            "> one\n>\n> two\n>\n> more\n>\n> three"
        );
    }

    #[test]
    fn a_frame_in_a_line_is_one_line() {
        assert_eq!(filled("| one", &gap("", true, " |"), "two | or\n\nmore"), "| one two \\| or more |");
    }
}
