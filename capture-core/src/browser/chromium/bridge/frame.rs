//! One message of a client: parsed strictly, and written anew.
//!
//! Parameters are checked to be JSON of bounded depth and are otherwise left as text, so that a frame of 50 MB is
//! scanned but not built. Only the content of [`Request`] reaches the browser.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    params::Fields,
    refusal::{INVALID_REQUEST, Refusal},
};

/// Largest id, 2^53, up to which a JavaScript client can count.
const MAX_ID: u64 = 1 << 53;
/// Maximum bytes of a method and of a session id. Chromium's are at most half as long.
const MAX_NAME: usize = 128;
/// Maximum levels of arrays and objects in parameters. Chromium's own parser fails at 300 without an answer.
const MAX_LEVELS: usize = 256;

/// A command of a client.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The client's id of the command, 0 to 2^53.
    pub(crate) id: u64,
    /// `Domain.command` with escapes resolved; any text of at most 128 bytes.
    pub(crate) method: String,
    /// The session that the client names; absent means the session of its connection.
    pub(crate) session: Option<String>,
    /// An object, as received. `judge.rs` decides what it means.
    pub(super) params: Option<&'a RawValue>,
}

/// Why a text is not a command.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// The text has no readable id, so it cannot be answered, and the connection is closed.
    #[error("not a command: {0}")]
    Unreadable(String),
    /// The text is answered with an error, and the connection stays open.
    #[error("{}", refusal.message)]
    Invalid {
        /// The id of the command.
        id: u64,
        /// The session that it names, if that could be parsed.
        session: Option<String>,
        /// What is wrong, with code -32600.
        refusal: Refusal,
    },
}

impl<'a> Request<'a> {
    /// Parses the text of one frame.
    ///
    /// # Errors
    /// [`FrameError::Unreadable`] without a readable id, otherwise [`FrameError::Invalid`].
    pub(crate) fn parse(text: &'a str) -> Result<Self, FrameError> {
        let members: Members<'a> =
            serde_json::from_str(text).map_err(|error| FrameError::Unreadable(error.to_string()))?;
        let id = members.id.and_then(|raw| raw.get().parse().ok()).filter(|id| *id <= MAX_ID);
        let id = id.ok_or_else(|| FrameError::Unreadable("an integer id is needed".to_owned()))?;
        let session = members.session.map(name).transpose();
        let invalid = |message: String| FrameError::Invalid {
            id,
            session: session.clone().ok().flatten(),
            refusal: Refusal { code: INVALID_REQUEST, message },
        };
        if let Some(error) = members.invalid {
            return Err(invalid(error));
        }
        let method = members.method.map(name).transpose().ok().flatten();
        let method = method.ok_or_else(|| invalid(format!("method must be a string of at most {MAX_NAME} bytes")))?;
        let params = members.params.filter(|raw| !is_nothing(raw.get()));
        if params.is_some_and(|raw| !raw.get().starts_with('{')) {
            return Err(invalid("params must be an object".to_owned()));
        }
        if params.is_some_and(|raw| !is_shallow(raw.get())) {
            return Err(invalid(format!("params are nested deeper than {MAX_LEVELS} levels")));
        }
        match session {
            Ok(session) => Ok(Self { id, method, session, params }),
            Err(NotAName) => Err(invalid(format!("sessionId must be a string of at most {MAX_NAME} bytes"))),
        }
    }

    /// Writes the command for the browser, with our id, the browser's name of the session, and `params` in place of its
    /// own parameters if the verdict has some. The result is one JSON object without a NUL.
    ///
    /// # Errors
    /// Never in practice, because all parts were JSON before.
    pub(crate) fn write(&self, id: u64, session: Option<&str>, params: Option<&Fields>) -> serde_json::Result<Vec<u8>> {
        let params = match params {
            Some(fields) => Some(Params::Ours(fields)),
            None => self.params.map(Params::Theirs),
        };
        let mut bytes = Vec::with_capacity(256 + self.params.map_or(0, |raw| raw.get().len()));
        serde_json::to_writer(&mut bytes, &Outgoing { id, method: &self.method, session, params })?;
        Ok(bytes)
    }
}

#[derive(Serialize)]
struct Outgoing<'a> {
    id: u64,
    method: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Params<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Params<'a> {
    Ours(&'a Fields),
    Theirs(&'a RawValue),
}

/// The members of a frame, with their values unparsed.
#[derive(Default)]
struct Members<'a> {
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    session: Option<&'a RawValue>,
    /// Why the frame is refused although its id can be read.
    invalid: Option<String>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfAFrame)
    }
}

struct OfAFrame;

impl<'de> Visitor<'de> for OfAFrame {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(key) = entries.next_key::<String>()? {
            let value: &'de RawValue = entries.next_value()?;
            let place = match &*key {
                "id" => &mut members.id,
                "method" => &mut members.method,
                "params" => &mut members.params,
                "sessionId" => &mut members.session,
                _ => {
                    members.invalid = Some("a command has id, method, params and sessionId, nothing else".to_owned());
                    continue;
                }
            };
            if place.replace(value).is_none() {
                continue;
            }
            if key == "id" {
                return Err(serde::de::Error::custom("two ids"));
            }
            members.invalid = Some(format!("{key} stands twice"));
        }
        Ok(members)
    }
}

/// Whether the parameters count as absent. Some clients, such as zendriver, send `[]` with commands without parameters,
/// which Chromium accepts.
fn is_nothing(params: &str) -> bool {
    let inside = params.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    params == "null" || inside.is_some_and(|inside| inside.trim().is_empty())
}

#[derive(Debug, Clone, Copy)]
struct NotAName;

/// Parses a short string.
fn name(raw: &RawValue) -> Result<String, NotAName> {
    // Each byte may be written as an escape of six bytes.
    if raw.get().len() > 6 * MAX_NAME + 2 {
        return Err(NotAName);
    }
    let text: String = serde_json::from_str(raw.get()).map_err(|_no_string| NotAName)?;
    if text.len() <= MAX_NAME { Ok(text) } else { Err(NotAName) }
}

/// Whether valid JSON has a bounded depth. It jumps from quote to quote, so that long strings cost little.
fn is_shallow(json: &str) -> bool {
    let (mut levels, mut in_string) = (0_usize, false);
    for piece in json.split('"') {
        if in_string {
            let backslashes = piece.bytes().rev().take_while(|byte| *byte == b'\\').count();
            in_string = backslashes % 2 == 1; // an escaped quote does not end the string
            continue;
        }
        for byte in piece.bytes() {
            match byte {
                b'[' | b'{' => levels += 1,
                b']' | b'}' => levels = levels.saturating_sub(1),
                _ => {}
            }
            if levels > MAX_LEVELS {
                return false;
            }
        }
        in_string = true;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let request = Request::parse(text).unwrap();
        String::from_utf8(request.write(70, request.session.as_deref(), None).unwrap()).unwrap()
    }

    #[test]
    fn commands_are_written_anew() {
        for (text, expected) in [
            (r#"{"id":1,"method":"A.b"}"#, r#"{"id":70,"method":"A.b"}"#),
            (
                r#" {"method" : "A.b","params":{ "x" : [1, 2] } , "id":0} "#,
                r#"{"id":70,"method":"A.b","params":{ "x" : [1, 2] }}"#,
            ),
            (r#"{"id":1,"method":"\u0041.b","params":null}"#, r#"{"id":70,"method":"A.b"}"#),
            (r#"{"id":1,"method":"A.b","params":[ ]}"#, r#"{"id":70,"method":"A.b"}"#),
            (r#"{"\u0069d":9007199254740992,"method":"A.b"}"#, r#"{"id":70,"method":"A.b"}"#),
            (r#"{"id":1,"method":"","sessionId":""}"#, r#"{"id":70,"method":"","sessionId":""}"#),
            (
                r#"{"id":1,"method":"A.b","sessionId":"S\"","params":{"a":"\u0000\ud800"}}"#,
                r#"{"id":70,"method":"A.b","sessionId":"S\"","params":{"a":"\u0000\ud800"}}"#,
            ),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn without_a_readable_id_the_connection_closes() {
        for text in [
            "",
            "x",
            "null",
            "[]",
            "7",
            r#""text""#,
            "{}",
            r#"{"id":1,"method":"A.b""#,
            r#"{"id":1,"method":"A.b"} x"#,
            r#"{"id":1,"method":"A.b"}{"id":2,"method":"A.c"}"#,
            "\u{feff}{\"id\":1,\"method\":\"A.b\"}",
            r#"{"method":"A.b"}"#,
            r#"{"id":null,"method":"A.b"}"#,
            r#"{"id":"1","method":"A.b"}"#,
            r#"{"id":-1,"method":"A.b"}"#,
            r#"{"id":-0,"method":"A.b"}"#,
            r#"{"id":1.0,"method":"A.b"}"#,
            r#"{"id":1e3,"method":"A.b"}"#,
            r#"{"id":01,"method":"A.b"}"#,
            r#"{"id":+1,"method":"A.b"}"#,
            r#"{"id":9007199254740993,"method":"A.b"}"#,
            r#"{"id":18446744073709551616,"method":"A.b"}"#,
            r#"{"id":[1],"method":"A.b"}"#,
            r#"{"id":1,"id":1,"method":"A.b"}"#,
            r#"{"id":1,"method":"A.b",}"#,
            r#"{"id":1,"method":"A.b","params":{"x":NaN}}"#,
            r#"{"id":1,"method":"A.b","params":{'x':1}}"#,
            "{\"id\":1,\"method\":\"A.b\",\"params\":{\"x\":\"\u{0}\"}}",
            "{\"id\":1,\"method\":\"A.b\",\"params\":{\"x\":1\u{0}}}",
            "{\"id\":1,\"method\":\"A.b\",\"params\":{\"x\":\"\n\"}}",
        ] {
            assert!(
                matches!(Request::parse(text), Err(FrameError::Unreadable(_))),
                "{text}: {:?}",
                Request::parse(text)
            );
        }
    }

    #[test]
    fn with_one_it_is_answered_whatever_the_order_of_the_members() {
        let long = "x".repeat(129);
        for (text, why) in [
            (r#"{"id":1}"#, "method"),
            (r#"{"id":1,"method":null}"#, "method"),
            (r#"{"id":1,"method":["A.b"]}"#, "method"),
            (r#"{"id":1,"method":"\ud800"}"#, "method"),
            (&format!(r#"{{"id":1,"method":"{long}"}}"#), "method"),
            (&format!(r#"{{"id":1,"method":"{}"}}"#, "\\u0041".repeat(129)), "method"),
            (r#"{"method":"A.b","method":"A.c","id":1}"#, "method stands twice"),
            (r#"{"method":"A.b","meth\u006fd":"A.b","id":1}"#, "method stands twice"),
            (r#"{"params":{},"params":{},"method":"A.b","id":1}"#, "params stands twice"),
            (r#"{"sessionId":"S","sessionId":"T","method":"A.b","id":1}"#, "sessionId stands twice"),
            (r#"{"jsonrpc":"2.0","method":"A.b","id":1}"#, "nothing else"),
            (r#"{"method":"A.b","ID":2,"id":1}"#, "nothing else"),
            (r#"{"params":[1],"method":"A.b","id":1}"#, "params must be an object"),
            (r#"{"params":"{}","method":"A.b","id":1}"#, "params must be an object"),
            (r#"{"sessionId":7,"method":"A.b","id":1}"#, "sessionId"),
            (r#"{"sessionId":null,"method":"A.b","id":1}"#, "sessionId"),
            (&format!(r#"{{"sessionId":"{long}","method":"A.b","id":1}}"#), "sessionId"),
        ] {
            let Err(FrameError::Invalid { id, refusal, .. }) = Request::parse(text) else { panic!("{text}") };
            assert_eq!((id, refusal.code), (1, INVALID_REQUEST), "{text}");
            assert!(refusal.message.contains(why), "{text}: {}", refusal.message);
        }
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_strings_are_not_depth() {
        let nested = |levels: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
        let command = |params: &str| format!(r#"{{"id":1,"method":"A.b","params":{params}}}"#);
        assert!(Request::parse(&command(&nested(MAX_LEVELS))).is_ok());
        for levels in [MAX_LEVELS + 1, 10_000, 1_000_000] {
            assert!(matches!(Request::parse(&command(&nested(levels))), Err(FrameError::Invalid { .. })), "{levels}");
        }
        for text in ["[[[[", r#"\"[["#, r"\\", r#"\\\"[["#, r#"[\\\\\"[["#] {
            let params = format!(r#"{{"x":"{}","y":{{"z":[]}}}}"#, text.repeat(200));
            assert!(Request::parse(&command(&params)).is_ok(), "{params}");
            let deep = format!(r#"{{"x":"{text}","y":{}}}"#, nested(MAX_LEVELS));
            assert!(Request::parse(&command(&deep)).is_err(), "{deep}");
        }
        // This member is ignored, but no member of a command may be deep.
        let text = format!(r#"{{"id":1,"method":"A.b","x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(Request::parse(&text), Err(FrameError::Invalid { .. })));
    }

    #[test]
    fn a_frame_of_50_mb_is_passed_on_unchanged() {
        let body = "QUJD".repeat(12_500_000);
        let text = format!(r#"{{"id":1,"method":"Fetch.fulfillRequest","params":{{"body":"{body}"}}}}"#);
        let began = tokio::time::Instant::now();
        let sent = written(&text);
        println!("{} MB in {:?}", text.len() / 1_000_000, began.elapsed());
        assert_eq!(sent, text.replacen("\"id\":1", "\"id\":70", 1));
    }
}
