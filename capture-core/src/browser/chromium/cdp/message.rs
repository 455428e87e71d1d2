//! The envelope of a message, parsed without its content.
//!
//! This module must not know commands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{SessionKey, error::brief};

#[derive(Debug, Serialize)]
pub(super) struct Call<'a, P> {
    pub(super) id: u64,
    pub(super) method: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'a str>,
    pub(super) params: &'a P,
}

impl<P: Serialize> Call<'_, P> {
    /// The message as it is sent over the pipe.
    pub(super) fn bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(0);
        Ok(bytes)
    }
}

/// Any message of the browser: a reply has an id, and an event has a method.
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

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ErrorReply {
    pub(super) code: i64,
    pub(super) message: String,
}

impl ErrorReply {
    /// Parses an error. One that violates the protocol is reported as a whole.
    pub(super) fn read(error: &RawValue) -> Self {
        serde_json::from_str(error.get()).unwrap_or_else(|_| Self { code: 0, message: error.get().to_owned() })
    }
}

/// An event of the browser.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The page of the event.
    pub(crate) session: SessionKey,
    /// `Domain.event`.
    pub(crate) method: Arc<str>,
    pub(crate) params: Box<RawValue>,
}

impl Event {
    pub(crate) fn new(session: SessionKey, method: &str, params: Option<&RawValue>) -> Self {
        let params = params.map_or_else(|| RawValue::NULL.to_owned(), ToOwned::to_owned);
        Self { session, method: method.into(), params }
    }

    /// An event that the server inserts among those of the browser.
    pub(crate) fn told(method: &str, params: &RawValue) -> Self {
        Self::new(SessionKey::from(""), method, Some(params))
    }

    /// Length of its parameters in bytes, as received.
    pub(crate) fn bytes(&self) -> usize {
        self.params.get().len()
    }

    /// The event's fields. An event that does not decode is skipped, because then the browser is newer than our types.
    pub(crate) fn decode<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_str(self.params.get())
            .inspect_err(|error| {
                let error = brief(error);
                tracing::debug!(method = &*self.method, error, "event not understood; skipped");
            })
            .ok()
    }
}

/// A console message or an exception, recognised without parsing the message: Chromium writes the method first and the
/// session last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Logged<'a> {
    pub(crate) kind: LoggedKind,
    pub(crate) session: &'a str,
    /// Length of the message in bytes.
    pub(crate) bytes: usize,
}

/// What was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoggedKind {
    Message,
    Error,
}

impl LoggedKind {
    /// The kind of this event, if it is a console event.
    pub(crate) fn of(method: &str) -> Option<Self> {
        match method {
            "Runtime.consoleAPICalled" => Some(Self::Message),
            "Runtime.exceptionThrown" => Some(Self::Error),
            _ => None,
        }
    }
}

impl<'a> Logged<'a> {
    /// `None` for any other message, and for one that is written differently.
    pub(super) fn peek(message: &'a [u8]) -> Option<Self> {
        let method = message.strip_prefix(b"{\"method\":\"")?.split(|byte| *byte == b'"').next()?;
        let kind = LoggedKind::of(std::str::from_utf8(method).ok()?)?;
        Some(Self { kind, session: Self::session_at_end(message)?, bytes: message.len() })
    }

    /// The session at the end of a message.
    pub(super) fn session_at_end(message: &[u8]) -> Option<&str> {
        let end = message.strip_suffix(b"\"}")?;
        let tail = std::str::from_utf8(end.get(end.len().checked_sub(TAIL)?..)?).ok()?;
        tail.strip_prefix("\"sessionId\":\"")
    }
}

/// Length of `"sessionId":"` and 32 digits.
const TAIL: usize = 13 + 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_logs_is_known_without_reading_it() {
        let session = "0123456789ABCDEF0123456789ABCDEF";
        let message = |method: &str| format!("{{\"method\":\"{method}\",\"params\":{{}},\"sessionId\":\"{session}\"}}");
        let logged = message("Runtime.consoleAPICalled");
        assert_eq!(
            Logged::peek(logged.as_bytes()),
            Some(Logged { kind: LoggedKind::Message, session, bytes: logged.len() })
        );
        let thrown = message("Runtime.exceptionThrown");
        assert_eq!(
            Logged::peek(thrown.as_bytes()),
            Some(Logged { kind: LoggedKind::Error, session, bytes: thrown.len() })
        );
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
