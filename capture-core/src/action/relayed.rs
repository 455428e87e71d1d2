//! The fields of a result that was made on another instance. Bytes are kept as bytes and are written in whatever form
//! the client's encoding has for them.

use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use rmpv::Value;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// The fields of a result, in order.
#[derive(Debug, Clone)]
pub struct RelayedFields(Vec<(Value, Value)>);

impl From<Vec<(Value, Value)>> for RelayedFields {
    fn from(fields: Vec<(Value, Value)>) -> Self {
        Self(fields)
    }
}

impl Serialize for RelayedFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        map(&self.0, serializer)
    }
}

/// A value. Bytes are written as bytes, or as text if the encoding has none.
struct Field<'a>(&'a Value);

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Map(entries) => map(entries, serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Field)),
            Value::Binary(bytes) if serializer.is_human_readable() => {
                serializer.collect_str(&Base64Display::new(bytes, &STANDARD))
            }
            other => other.serialize(serializer),
        }
    }
}

/// Fields with bytes have another name when they are written as text.
fn map<S: Serializer>(entries: &[(Value, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let text = serializer.is_human_readable();
    let mut fields = serializer.serialize_map(Some(entries.len()))?;
    for (name, value) in entries {
        match value {
            Value::Binary(_) if text => {
                fields.serialize_entry(&format!("{}Base64", name.as_str().unwrap_or_default()), &Field(value))?;
            }
            _ => fields.serialize_entry(name, &Field(value))?,
        }
    }
    fields.end()
}
