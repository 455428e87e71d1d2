//! Parses values from outside, as every transport accepts them: no duplicate keys, no raw bytes, bounded nesting.
//!
//! With duplicate keys one of the values would silently win, and a proxy in front of the server may have checked the
//! other.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// Maximum characters of a client's key that are shown back to it.
const SHOWN_CHARS: usize = 64;

/// Parses one value with bounded nesting; `[]` is one level.
#[derive(Debug, Clone, Copy)]
pub struct Strict {
    /// Maximum levels of nested arrays and objects.
    pub levels: usize,
}

impl Strict {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let levels =
            self.levels.checked_sub(1).ok_or_else(|| E::custom("nested too deep: recursion limit exceeded"))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without bytes")
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
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                let shown: String = key.chars().take(SHOWN_CHARS).collect();
                return Err(A::Error::custom(format_args!("the key {shown:?} stands twice")));
            }
            let value = entries.next_value_seed(inside)?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, levels: usize) -> Result<Value, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Strict { levels }.deserialize(&mut deserializer)
    }

    #[test]
    fn valid_values_read_as_ever() {
        for text in [
            r#"{"type":"goto","payload":{"url":"https://a.test/ä","n":[1,-2,3.5,1e3,18446744073709551615,null,true]}}"#,
            "[]",
            r#""\u00e4\ud83d\ude00""#,
        ] {
            assert_eq!(read(text, 8).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn levels_are_counted_and_keys_stand_once() {
        for (text, levels, what) in [
            ("[[]]", 2, None),
            ("[[]]", 1, Some("recursion limit")),
            (r#"{"a":[{}]}"#, 2, Some("recursion limit")),
            ("1", 0, None),
            (r#"{"a":1,"b":{"c":1,"c":2}}"#, 8, Some("\"c\" stands twice")),
            (r#"{"a":1,"\u0061":2}"#, 8, Some("\"a\" stands twice")),
        ] {
            let told = read(text, levels).err().map(|error| error.to_string());
            assert_eq!(told.is_some(), what.is_some(), "{text} within {levels}");
            assert!(told.unwrap_or_default().contains(what.unwrap_or_default()), "{text} within {levels}");
        }
    }
}
