//! Splits a browser's output into messages. A message that is too large is read to its end without being kept.
//!
//! This module must not know the pipe.

#[cfg(any(test, fuzzing))]
use super::message::{Envelope, Event};
use super::{SessionKey, message::Logged};

/// Maximum bytes of an event. Content that a page can make large (console messages, errors) is cut at 4096 characters
/// later anyway.
const MAX_EVENT: usize = 32 << 20;
/// Maximum bytes of a reply. A picture of 32 million pixels of noise fits, and a larger one of anything else.
const MAX_REPLY: usize = 128 << 20;

/// Bytes kept of the start of a skipped message, enough for its id or its method, which Chromium writes first.
const HEAD: usize = 256;
/// Bytes kept of its end, where Chromium writes the session.
const TAIL: usize = 64;

/// Maximum sizes of messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) event: usize,
    pub(super) reply: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { event: MAX_EVENT, reply: MAX_REPLY }
    }
}

/// What a part of the stream is.
#[derive(Debug)]
pub(super) enum Heard<'a> {
    /// A message without its NUL.
    Message(&'a [u8]),
    /// A message that was too large.
    Skipped(&'a Skipped),
}

/// Splits a byte stream at NUL. It keeps at most one message within its bound.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    most: Most,
    buffer: Vec<u8>,
    scanned: usize,
    skipping: Option<Skipped>,
}

impl Splitter {
    #[cfg(any(test, fuzzing))]
    pub(super) fn with(most: Most) -> Self {
        Self { most, ..Self::default() }
    }

    /// The buffer into which more bytes are read.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Bytes kept of an unfinished message.
    pub(super) fn kept(&self) -> usize {
        self.buffer.len()
    }

    /// Passes everything that is complete to `each`.
    pub(super) fn drain(&mut self, mut each: impl FnMut(Heard<'_>)) {
        let mut start = 0;
        while let Some(end) = self.next_end() {
            let piece = self.buffer.get(start..end).unwrap_or_default();
            match self.skipping.take() {
                Some(mut skipped) => {
                    skipped.pass(piece);
                    each(Heard::Skipped(&skipped));
                }
                None if self.is_too_large(piece) => each(Heard::Skipped(&Skipped::begun(piece))),
                None => each(Heard::Message(piece)),
            }
            start = end + 1;
            self.scanned = start;
        }
        self.buffer.drain(..start);
        self.scanned = self.buffer.len();
        if self.skipping.is_some() || self.is_too_large(&self.buffer) {
            self.skip();
        }
        // One large message must not keep its memory for the life of the browser.
        if self.buffer.is_empty() && self.buffer.capacity() > 4 << 20 {
            self.buffer = Vec::new();
        }
    }

    /// Drops the unfinished message, except for its start and its end.
    pub(super) fn skip(&mut self) {
        match &mut self.skipping {
            Some(skipped) => skipped.pass(&self.buffer),
            None => self.skipping = Some(Skipped::begun(&self.buffer)),
        }
        self.buffer.clear();
        self.scanned = 0;
    }

    fn next_end(&self) -> Option<usize> {
        find_nul(self.buffer.get(self.scanned..).unwrap_or_default()).map(|at| at + self.scanned)
    }

    fn is_too_large(&self, message: &[u8]) -> bool {
        let Most { event, reply } = self.most;
        message.len() > event.min(reply)
            && message.len() > if Outline::of(message).id.is_some() { reply } else { event }
    }
}

fn find_nul(bytes: &[u8]) -> Option<usize> {
    std::ffi::CStr::from_bytes_until_nul(bytes).ok().map(|found| found.to_bytes().len())
}

/// A message that was too large, with its length, its start and its end.
#[derive(Debug)]
pub(super) struct Skipped {
    pub(super) bytes: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Skipped {
    fn begun(bytes: &[u8]) -> Self {
        let head = bytes.get(..HEAD).unwrap_or(bytes).to_vec();
        let mut begun = Self { bytes: 0, head, tail: Vec::new() };
        begun.pass(bytes);
        begun
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        let end = bytes.len().checked_sub(TAIL).and_then(|from| bytes.get(from..)).unwrap_or(bytes);
        self.tail.extend_from_slice(end);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }

    /// The command that it answers, if it is a reply.
    pub(super) fn id(&self) -> Option<u64> {
        Outline::of(&self.head).id
    }

    /// `Domain.event`; empty if unknown.
    pub(super) fn method(&self) -> &str {
        Outline::of(&self.head).method.unwrap_or_default()
    }

    /// The page of the message; the browser itself if none is named.
    pub(super) fn session(&self) -> SessionKey {
        let named = Outline::of(&self.head).session.or_else(|| Logged::session_at_end(&self.tail));
        SessionKey::from(named.unwrap_or_default())
    }
}

/// The fields of a message before its first long one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outline<'a> {
    id: Option<u64>,
    method: Option<&'a str>,
    session: Option<&'a str>,
}

impl<'a> Outline<'a> {
    /// Reads fields from the start up to the first that is neither a number nor a plain text.
    fn of(message: &'a [u8]) -> Self {
        let mut outline = Self::default();
        let Some(mut rest) = after(message, b'{') else { return outline };
        while let Some((name, value)) = text(rest).and_then(|(name, rest)| Some((name, after(rest, b':')?))) {
            let told = if let Some((value, rest)) = text(value) {
                match name {
                    "method" => outline.method = Some(value),
                    "sessionId" => outline.session = Some(value),
                    _ => {}
                }
                rest
            } else if let Some((value, rest)) = number(value) {
                if name == "id" {
                    outline.id = Some(value);
                }
                rest
            } else {
                break;
            };
            let Some(next) = after(told, b',') else { break };
            rest = next;
        }
        outline
    }
}

fn after(bytes: &[u8], sign: u8) -> Option<&[u8]> {
    bytes.trim_ascii_start().strip_prefix(&[sign])
}

/// A text without escapes, and the bytes after it.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let inside = after(bytes, b'"')?;
    let end = inside.iter().take(HEAD).position(|byte| matches!(byte, b'"' | b'\\'))?;
    let (text, rest) = inside.split_at_checked(end)?;
    Some((std::str::from_utf8(text).ok()?, rest.strip_prefix(b"\"")?))
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().take(20).position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// Reads messages as the reading task does, with small bounds and without callers. Returns the numbers of replies,
/// events and messages that were too large.
#[cfg(any(test, fuzzing))]
pub(crate) fn events_of(pieces: &mut dyn Iterator<Item = &[u8]>, mut on_event: impl FnMut(&Event)) -> [usize; 3] {
    let most = Most { event: 1 << 10, reply: 2 << 10 };
    let mut splitter = Splitter::with(most);
    let mut seen = [0; 3];
    let [replies, events, skipped] = &mut seen;
    for piece in pieces {
        splitter.buffer().extend_from_slice(piece);
        splitter.drain(|heard| match heard {
            Heard::Skipped(_) => *skipped += 1,
            Heard::Message(message) => {
                let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(message) else { return };
                let session = SessionKey::from(envelope.session.as_deref().unwrap_or_default());
                match (envelope.id, &envelope.method) {
                    (Some(_), _) => *replies += 1,
                    (None, Some(method)) => {
                        *events += 1;
                        on_event(&Event::new(session, method, envelope.params));
                    }
                    (None, None) => {}
                }
            }
        });
        assert!(splitter.kept() <= most.reply.max(most.event), "{} bytes are kept", splitter.kept());
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Most = Most { event: 80, reply: 200 };

    /// The messages in a stream that arrives in pieces of this size.
    fn heard(stream: &[u8], piece: usize) -> Vec<String> {
        let mut splitter = Splitter::with(SMALL);
        let mut seen = Vec::new();
        for bytes in stream.chunks(piece) {
            splitter.buffer().extend_from_slice(bytes);
            splitter.drain(|heard| {
                seen.push(match heard {
                    Heard::Message(message) => String::from_utf8(message.to_vec()).unwrap(),
                    Heard::Skipped(skipped) => format!(
                        "{} bytes, {:?} {} of {:?}",
                        skipped.bytes,
                        skipped.id(),
                        skipped.method(),
                        skipped.session().as_ref()
                    ),
                });
            });
            assert!(splitter.kept() <= SMALL.reply + piece, "{} kept", splitter.kept());
        }
        seen
    }

    #[test]
    fn messages_are_whole_however_they_arrive() {
        let stream = b"{\"id\":1}\0{\"id\":2}\0{\"id\":3}\0";
        for piece in 1..=stream.len() {
            assert_eq!(heard(stream, piece), ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}"], "pieces of {piece}");
        }
    }

    #[test]
    fn what_is_too_large_is_skipped_alone_and_known_by_its_ends() {
        let session = "0123456789ABCDEF0123456789ABCDEF";
        let long = "x".repeat(300);
        let event = format!(
            "{{\"method\":\"Runtime.consoleAPICalled\",\"params\":{{\"a\":\"{long}\"}},\"sessionId\":\"{session}\"}}"
        );
        let reply = format!("{{\"id\":7,\"result\":{{\"a\":\"{long}\"}},\"sessionId\":\"{session}\"}}");
        let first = format!("{{ \"sessionId\": \"early\", \"id\": 8, \"result\": \"{long}\"}}");
        let kept = format!("{{\"id\":9,\"result\":\"{}\"}}", "y".repeat(150));
        let strange = format!("{{\"other\":[\"{long}");
        let stream = format!("{event}\0{reply}\0{kept}\0{first}\0{strange}\0{{\"id\":10}}\0");
        let expected = [
            format!("{} bytes, None Runtime.consoleAPICalled of {session:?}", event.len()),
            format!("{} bytes, Some(7)  of {session:?}", reply.len()),
            kept,
            format!("{} bytes, Some(8)  of \"early\"", first.len()),
            format!("{} bytes, None  of \"\"", strange.len()),
            "{\"id\":10}".to_owned(),
        ];
        for piece in [1, 2, 3, 7, 64, 80, 81, 250, stream.len()] {
            assert_eq!(heard(stream.as_bytes(), piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn an_unfinished_message_can_be_given_up() {
        let mut splitter = Splitter::default();
        splitter.buffer().extend_from_slice(b"{\"id\":3,\"result\":\"abc");
        splitter.drain(|_| panic!("nothing is complete"));
        splitter.skip();
        assert_eq!(splitter.kept(), 0);
        splitter.buffer().extend_from_slice(b"def\"}\0{\"id\":4}\0");
        let mut seen = Vec::new();
        splitter.drain(|heard| match heard {
            Heard::Message(message) => seen.push(message.len()),
            Heard::Skipped(skipped) => seen.push(usize::try_from(skipped.id().unwrap()).unwrap() * 100 + skipped.bytes),
        });
        assert_eq!(seen, [326, 8]);
    }
}
