//! Parameters that are judged, each read with what it must be.
//!
//! Knows no commands.

use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value, value::RawValue};

use super::refusal::{INVALID_PARAMS, Refusal};
use crate::strict::Strict;

/// The fields of an object.
pub(crate) type Fields = Map<String, Value>;

/// Levels of arrays and objects in parameters that are judged; none needs more than four.
const MAX_LEVELS: usize = 64;

/// Builds the parameters: no key twice at any depth, so that the browser reads what was judged.
pub(super) fn read(params: Option<&RawValue>) -> Result<Fields, Refusal> {
    let Some(raw) = params else { return Ok(Fields::new()) };
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    match (Strict { levels: MAX_LEVELS }).deserialize(&mut deserializer) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(invalid("params must be an object")),
        Err(error) => Err(invalid(format!("params: {error}"))),
    }
}

/// A string; absent and null are the same.
pub(super) fn text<'f>(fields: &'f Fields, name: &str) -> Result<Option<&'f str>, Refusal> {
    match present(fields, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("{name} must be a string"))),
    }
}

/// A string that must be there.
pub(super) fn required_text<'f>(fields: &'f Fields, name: &str) -> Result<&'f str, Refusal> {
    text(fields, name)?.ok_or_else(|| invalid(format!("{name} is needed")))
}

/// True or false; absent and null are false, as for the browser.
pub(super) fn flag(fields: &Fields, name: &str) -> Result<bool, Refusal> {
    match present(fields, name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(invalid(format!("{name} must be true or false"))),
    }
}

/// A list; absent and null are an empty one.
pub(super) fn list<'f>(fields: &'f Fields, name: &str) -> Result<&'f [Value], Refusal> {
    match present(fields, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(invalid(format!("{name} must be a list"))),
    }
}

/// An object; absent and null are none.
pub(super) fn object<'f>(fields: &'f Fields, name: &str) -> Result<Option<&'f Fields>, Refusal> {
    match present(fields, name) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(invalid(format!("{name} must be an object"))),
    }
}

/// A field that says something.
pub(super) fn present<'f>(fields: &'f Fields, name: &str) -> Option<&'f Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// Parameters that are not what the protocol says.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal { code: INVALID_PARAMS, message: message.into() }
}
