//! The envelope of a message, read without looking into it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::SessionKey;

/// Largest message we take. Screenshots of 16384² pixels fit; whatever is larger is a defect or an attack.
pub(super) const MAX_MESSAGE: usize = 256 * 1024 * 1024;

#[derive(Debug, Serialize)]
pub(super) struct Call<'a, P> {
    pub(super) id: u64,
    pub(super) method: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'a str>,
    pub(super) params: &'a P,
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
    pub(super) error: Option<ErrorReply>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorReply {
    pub(super) code: i64,
    pub(super) message: String,
}

/// Something the browser tells by itself.
#[derive(Debug, Clone)]
pub(in super::super) struct Event {
    /// The page it is about.
    pub(in super::super) session: SessionKey,
    /// `Domain.event`.
    pub(in super::super) method: Arc<str>,
    params: Box<RawValue>,
}

impl Event {
    pub(super) fn new(session: SessionKey, method: &str, params: Option<&RawValue>) -> Self {
        let params = params.map_or_else(|| RawValue::NULL.to_owned(), ToOwned::to_owned);
        Self { session, method: method.into(), params }
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
    bytes.iter().position(|byte| *byte == 0)
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
    fn deep_results_are_not_looked_into() {
        let deep = format!("{{\"id\":1,\"result\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let envelope: Envelope<'_> = serde_json::from_str(&deep).unwrap();
        assert_eq!(envelope.id, Some(1));
    }
}
