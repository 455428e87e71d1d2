//! How an action identifies an element.

use schemars::JsonSchema;
use serde::Serialize;

use super::payload::Payload;
use crate::{error::Error, limits::MAX_SELECTOR_CHARS};

/// A selector within bounds. Only the page can check whether it is well-formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Selector(String);

impl Selector {
    pub(super) fn parse(payload: Payload<'_>, field: &str) -> Result<Option<Self>, Error> {
        payload.text(field)?.map(|text| Self::new(payload, field, text)).transpose()
    }

    pub(super) fn required(payload: Payload<'_>) -> Result<Self, Error> {
        Self::new(payload, "selector", payload.required_text(&["selector"])?)
    }

    fn new(payload: Payload<'_>, field: &str, text: String) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Err(payload.refuse(field, "must not be empty"));
        }
        if text.chars().count() > MAX_SELECTOR_CHARS {
            return Err(payload.refuse(field, format_args!("must be at most {MAX_SELECTOR_CHARS} characters")));
        }
        Ok(Self(text))
    }

    /// The number of the snapshot ref, if it is one.
    pub fn reference(&self) -> Option<u32> {
        self.0.trim().strip_prefix("@e").filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    }

    /// The text of the request.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
