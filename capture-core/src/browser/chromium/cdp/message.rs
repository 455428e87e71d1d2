//! The envelope of a message, read without looking into it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::SessionKey;

/// Largest message we take. Screenshots of 16384² pixels fit; whatever is larger is a defect or an attack.
pub(in super::super) const MAX_MESSAGE: usize = 256 * 1024 * 1024;

#[derive(Debug, Serialize)]
pub(super) struct Call<'a, P> {
    pub(super) id: u64,
    pub(super) method: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'a str>,
    pub(super) params: &'a P,
}

impl<P: Serialize> Call<'_, P> {
    /// As it goes over the pipe.
    pub(super) fn bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(0);
        Ok(bytes)
    }
}

/// Any message of the browser: a reply has an id, an event a method.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) id: Option<u64>,
    #[serde(borrow)]
    pub(super) method: Option<std::borrow::Cow<'a, str>>,
    #[serde(rename = "sessionId", borrow)]
    pub(super) session: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) params: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorReply {
    pub(super) code: i64,
    pub(super) message: String,
}

impl ErrorReply {
    /// An error that is not as the protocol says is told whole.
    pub(super) fn read(error: &RawValue) -> Self {
        serde_json::from_str(error.get()).unwrap_or_else(|_| Self { code: 0, message: error.get().to_owned() })
    }
}

/// Something the browser tells by itself.
#[derive(Debug, Clone)]
pub(in super::super) struct Event {
    /// The page it is about.
    pub(in super::super) session: SessionKey,
    /// `Domain.event`.
    pub(in super::super) method: Arc<str>,
    pub(in super::super) params: Box<RawValue>,
}

impl Event {
    pub(in super::super) fn new(session: SessionKey, method: &str, params: Option<&RawValue>) -> Self {
        let params = params.map_or_else(|| RawValue::NULL.to_owned(), ToOwned::to_owned);
        Self { session, method: method.into(), params }
    }

    /// Something we tell ourselves, in the order of what the browser tells.
    pub(in super::super) fn told(method: &str, params: &RawValue) -> Self {
        Self::new(SessionKey::from(""), method, Some(params))
    }

    /// The event's fields. An event that does not decode is skipped: the browser is newer than our types.
    pub(in super::super) fn decode<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_str(self.params.get())
            .inspect_err(|error| tracing::debug!(method = &*self.method, %error, "event not understood; skipped"))
            .ok()
    }
}

/// Splits a byte stream at NUL.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    buffer: Vec<u8>,
    scanned: usize,
}

impl Splitter {
    /// Where to read more bytes into.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Hands every complete message to `each`; false when an unfinished one is too long.
    pub(super) fn drain(&mut self, mut each: impl FnMut(&[u8])) -> bool {
        let mut start = 0;
        while let Some(end) = find_nul(self.buffer.get(self.scanned..).unwrap_or_default()).map(|at| at + self.scanned)
        {
            each(self.buffer.get(start..end).unwrap_or_default());
            start = end + 1;
            self.scanned = start;
        }
        self.buffer.drain(..start);
        self.scanned = self.buffer.len();
        // One huge message must not keep its memory for the life of the browser.
        if self.buffer.is_empty() && self.buffer.capacity() > 4 * 1024 * 1024 {
            self.buffer = Vec::new();
        }
        self.buffer.len() <= MAX_MESSAGE
    }
}

fn find_nul(bytes: &[u8]) -> Option<usize> {
    std::ffi::CStr::from_bytes_until_nul(bytes).ok().map(|found| found.to_bytes().len())
}

/// Something a page wrote to its console or threw, known without reading the message: Chromium writes the method first
/// and the session last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Logged<'a> {
    pub(in super::super) kind: LoggedKind,
    pub(in super::super) session: &'a str,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum LoggedKind {
    Message,
    Error,
}

impl<'a> Logged<'a> {
    /// `None` for any other message, and for one that is written differently.
    pub(super) fn peek(message: &'a [u8]) -> Option<Self> {
        const KINDS: [(&[u8], LoggedKind); 2] = [
            (b"{\"method\":\"Runtime.consoleAPICalled\",", LoggedKind::Message),
            (b"{\"method\":\"Runtime.exceptionThrown\",", LoggedKind::Error),
        ];
        let (_, kind) = KINDS.iter().find(|(start, _)| message.starts_with(start))?;
        let end = message.strip_suffix(b"\"}")?;
        let tail = std::str::from_utf8(end.get(end.len().checked_sub(TAIL)?..)?).ok()?;
        Some(Self { kind: *kind, session: tail.strip_prefix("\"sessionId\":\"")? })
    }
}

/// `"sessionId":"` and 32 digits.
const TAIL: usize = 13 + 32;

/// Reads messages as the reading task does, without anyone who waits for them.
#[cfg(fuzzing)]
pub(in super::super) fn events_of(
    pieces: &mut dyn Iterator<Item = &[u8]>,
    mut on_event: impl FnMut(&Event),
) -> (usize, usize) {
    let mut splitter = Splitter::default();
    let mut seen = (0, 0);
    for piece in pieces {
        splitter.buffer().extend_from_slice(piece);
        splitter.drain(|message| {
            let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(message) else { return };
            let session = SessionKey::from(envelope.session.as_deref().unwrap_or_default());
            match (envelope.id, &envelope.method) {
                (Some(_), _) => seen.0 += 1,
                (None, Some(method)) => {
                    seen.1 += 1;
                    on_event(&Event::new(session, method, envelope.params));
                }
                (None, None) => {}
            }
        });
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_however_they_arrive() {
        let stream = b"{\"id\":1}\0{\"id\":2}\0{\"id\":3}\0";
        for piece in 1..=stream.len() {
            let mut splitter = Splitter::default();
            let mut seen = Vec::new();
            for bytes in stream.chunks(piece) {
                splitter.buffer().extend_from_slice(bytes);
                assert!(splitter.drain(|message| seen.push(String::from_utf8(message.to_vec()).unwrap())));
            }
            assert_eq!(seen, ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}"], "pieces of {piece}");
        }
    }

    #[test]
    fn what_a_page_logs_is_known_without_reading_it() {
        let session = "0123456789ABCDEF0123456789ABCDEF";
        let message = |method: &str| format!("{{\"method\":\"{method}\",\"params\":{{}},\"sessionId\":\"{session}\"}}");
        let logged = message("Runtime.consoleAPICalled");
        assert_eq!(Logged::peek(logged.as_bytes()), Some(Logged { kind: LoggedKind::Message, session }));
        let thrown = message("Runtime.exceptionThrown");
        assert_eq!(Logged::peek(thrown.as_bytes()), Some(Logged { kind: LoggedKind::Error, session }));
        for other in [message("Page.frameNavigated"), logged.replace('0', ""), "{}".to_owned(), String::new()] {
            assert_eq!(Logged::peek(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn deep_results_are_not_looked_into() {
        let deep = format!("{{\"id\":1,\"result\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let envelope: Envelope<'_> = serde_json::from_str(&deep).unwrap();
        assert_eq!(envelope.id, Some(1));
    }
}
