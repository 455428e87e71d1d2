//! Reads the fields of a payload. All tolerance towards the wire is in this module, and every refusal names its field.

use std::{fmt::Display, time::Duration};

use serde_json::{Map, Value};

use crate::{error::Error, limits};

/// The payload of one action. Keys that no parser reads are ignored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payload<'a> {
    fields: &'a Map<String, Value>,
    /// Position of this payload in the request, for messages.
    path: &'a str,
}

impl<'a> Payload<'a> {
    pub(super) fn new(fields: &'a Map<String, Value>, path: &'a str) -> Self {
        Self { fields, path }
    }

    /// The value of a field. An explicit null counts as absent.
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        #[cfg(test)]
        asked::note(self.path, field);
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// An `invalid_request` error that names the field.
    pub(super) fn refuse(&self, field: &str, why: impl Display) -> Error {
        Error::invalid(format!("{}.{field} {why}", self.path))
    }

    /// A text field. Numbers and booleans are accepted as their text.
    pub(super) fn text(&self, field: &str) -> Result<Option<String>, Error> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(_) => Err(self.refuse(field, "must be a string")),
        }
    }

    /// A required text field, under the first of these names that is present.
    pub(super) fn required_text(&self, names: &[&str]) -> Result<String, Error> {
        for name in names {
            if let Some(text) = self.text(name)? {
                return Ok(text);
            }
        }
        Err(self.refuse(names.first().unwrap_or(&""), "is required"))
    }

    pub(super) fn boolean(&self, field: &str) -> Result<Option<bool>, Error> {
        self.get(field)
            .map(|value| value.as_bool().ok_or_else(|| self.refuse(field, "must be true or false")))
            .transpose()
    }

    /// A finite number.
    pub(super) fn number(&self, field: &str) -> Result<Option<f64>, Error> {
        self.get(field).map(|value| value.as_f64().ok_or_else(|| self.refuse(field, "must be a number"))).transpose()
    }

    /// An integer within inclusive bounds.
    pub(super) fn integer(&self, field: &str, least: u32, most: u32) -> Result<Option<u32>, Error> {
        let Some(number) = self.number(field)? else { return Ok(None) };
        if number.fract() != 0.0 || number < f64::from(least) || number > f64::from(most) {
            return Err(self.refuse(field, format_args!("must be an integer from {least} to {most}")));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and within u32, checked above"
        )]
        Ok(Some(number as u32))
    }

    /// An integer of at least `least`; values above `most` are clamped.
    pub(super) fn clamped(&self, field: &str, least: u32, most: u32) -> Result<Option<u32>, Error> {
        let Some(number) = self.number(field)? else { return Ok(None) };
        if number.fract() != 0.0 || number < f64::from(least) {
            return Err(self.refuse(field, format_args!("must be an integer of at least {least}")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within u32 after min")]
        Ok(Some(number.min(f64::from(most)) as u32))
    }

    /// One of a closed list of words.
    pub(super) fn one_of<T: Copy>(&self, field: &str, accepted: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let found = accepted.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.map(Some).ok_or_else(|| {
            let words: Vec<_> = accepted.iter().map(|(word, _)| *word).collect();
            self.refuse(field, format_args!("must be one of {}, not {:?}", words.join(", "), clip(&text)))
        })
    }

    pub(super) fn array(&self, field: &str) -> Result<Option<&'a Vec<Value>>, Error> {
        self.get(field).map(|value| value.as_array().ok_or_else(|| self.refuse(field, "must be an array"))).transpose()
    }

    pub(super) fn object(&self, field: &str) -> Result<Option<&'a Map<String, Value>>, Error> {
        self.get(field)
            .map(|value| value.as_object().ok_or_else(|| self.refuse(field, "must be an object")))
            .transpose()
    }

    /// `timeoutMs`: at least 1, clamped to 30 s.
    pub(super) fn timeout(&self, default: Duration) -> Result<Duration, Error> {
        let most = u32::try_from(limits::MAX_ACTION_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
        let given = self.clamped("timeoutMs", 1, most)?;
        Ok(given.map_or(default, |millis| Duration::from_millis(u64::from(millis))))
    }
}

/// A client's text, cut so that it fits into a message.
pub(super) fn clip(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Records the fields that the parsers read, for the test of the tables.
#[cfg(test)]
pub(super) mod asked {
    use std::{cell::RefCell, collections::BTreeSet};

    thread_local! {
        static NAMES: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    }

    pub(super) fn note(path: &str, field: &str) {
        if path == "payload" {
            NAMES.with_borrow_mut(|names| names.insert(field.to_owned()));
        }
    }

    pub(crate) fn forget() {
        NAMES.with_borrow_mut(BTreeSet::clear);
    }

    pub(crate) fn names() -> BTreeSet<String> {
        NAMES.with_borrow(BTreeSet::clone)
    }
}
