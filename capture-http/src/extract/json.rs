//! JSON as the contract has it: UTF-8, no key twice, not nested without end.
//!
//! Of two equal keys one would silently win, and a proxy in front of us may have judged the other. Depth is bounded by
//! `serde_json` at 128.

use std::fmt;

use capture_core::Error;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// Characters of a client's key shown back to it.
const SHOWN_CHARS: usize = 64;

/// Reads one JSON value and nothing after it.
///
/// # Errors
/// `invalid_request` with line and column.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let parsed = serde_json::from_slice::<Strict>(bytes);
    parsed.map(|Strict(value)| value).map_err(|error| Error::invalid(format!("the body is not valid JSON: {error}")))
}

/// A value none of whose objects has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                let shown: String = key.chars().take(SHOWN_CHARS).collect();
                return Err(A::Error::custom(format_args!("the key {shown:?} stands twice")));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
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
