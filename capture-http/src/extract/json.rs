//! JSON bodies: UTF-8, and the rules for values that all transports share.

use capture_core::{Error, strict::Strict};
use serde::de::DeserializeSeed;
use serde_json::Value;

/// Levels of arrays and objects; the limit of `serde_json`.
const LEVELS: usize = 128;

/// Parses exactly one JSON value.
///
/// # Errors
/// `invalid_request` with line and column.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed =
        Strict { levels: LEVELS }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| Error::invalid(format!("the body is not valid JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_json_reads_as_ever() {
        for text in [
            r#"{"type":"goto","payload":{"url":"https://a.test/ä","n":[1,-2,3.5,1e3,18446744073709551615,null,true]}}"#,
            "[]",
            " {} ",
            r#""\u00e4\ud83d\ude00""#,
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn refusals_say_what_and_where() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (body, what, position) in [
            (&b"{"[..], "EOF", "line 1 column 1"),
            (b"{\"a\":1,}", "trailing comma", "line 1 column 8"),
            (b"{} {}", "trailing characters", "line 1 column 4"),
            (b"{\n\"a\": nul}", "expected", "line 2 column 9"),
            (b"{\"a\":\"\xff\"}", "unicode", "line 1 column"),
            (b"{\"a\":\"\\ud800\"}", "hex escape", "line 1 column"),
            (b"{\"a\":1e400}", "out of range", "line 1 column"),
            (b"{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "\"c\" stands twice", "line 1 column"),
            (b"{\"a\":1,\"\\u0061\":2}", "\"a\" stands twice", "line 1 column"),
            (deep.as_bytes(), "recursion limit", "line 1 column 128"),
        ] {
            let error = parse(body).unwrap_err();
            assert!(error.message().contains(what), "{what}: {error}");
            assert!(error.message().contains(position), "{position}: {error}");
        }
    }
}
