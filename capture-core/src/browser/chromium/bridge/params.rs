//! Reads and checks parameters that decide about a command.
//!
//! This module must not know commands.

use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value, value::RawValue};

use super::refusal::{INVALID_PARAMS, Refusal};
use crate::strict::Strict;

/// The fields of an object.
pub(crate) type Fields = Map<String, Value>;

/// Maximum levels of arrays and objects in checked parameters; none needs more than four.
const MAX_LEVELS: usize = 64;

/// Parses the parameters. Duplicate keys are refused at any depth, so that the browser reads what was checked.
pub(super) fn read(params: Option<&RawValue>) -> Result<Fields, Refusal> {
    let Some(raw) = params else { return Ok(Fields::new()) };
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    match (Strict { levels: MAX_LEVELS }).deserialize(&mut deserializer) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(invalid("params must be an object")),
        Err(error) => Err(invalid(format!("params: {error}"))),
    }
}

/// A string; null counts as absent.
pub(super) fn text<'f>(fields: &'f Fields, name: &str) -> Result<Option<&'f str>, Refusal> {
    match present(fields, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("{name} must be a string"))),
    }
}

/// A required string.
pub(super) fn required_text<'f>(fields: &'f Fields, name: &str) -> Result<&'f str, Refusal> {
    text(fields, name)?.ok_or_else(|| invalid(format!("{name} is needed")))
}

/// A boolean; absent and null count as false, as in the browser.
pub(super) fn flag(fields: &Fields, name: &str) -> Result<bool, Refusal> {
    match present(fields, name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(invalid(format!("{name} must be true or false"))),
    }
}

/// A list; absent and null count as empty.
pub(super) fn list<'f>(fields: &'f Fields, name: &str) -> Result<&'f [Value], Refusal> {
    match present(fields, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(invalid(format!("{name} must be a list"))),
    }
}

/// An object; null counts as absent.
pub(super) fn object<'f>(fields: &'f Fields, name: &str) -> Result<Option<&'f Fields>, Refusal> {
    match present(fields, name) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(invalid(format!("{name} must be an object"))),
    }
}

/// A field that is present and not null.
pub(super) fn present<'f>(fields: &'f Fields, name: &str) -> Option<&'f Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// The error for parameters that violate the protocol.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal { code: INVALID_PARAMS, message: message.into() }
}
