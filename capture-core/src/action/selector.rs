//! How an action identifies an element.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payload::Payload;
use crate::{error::Error, limits::MAX_SELECTOR_CHARS};

/// A selector within bounds. Only the page can check whether it is well-formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Selector(String);

/// Why a text is no selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelector {
    /// It has no characters but white space.
    #[error("must not be empty")]
    Empty,
    /// It has more characters than [`MAX_SELECTOR_CHARS`].
    #[error("must be at most {MAX_SELECTOR_CHARS} characters")]
    TooLong,
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(InvalidSelector::Empty);
        }
        if text.chars().count() > MAX_SELECTOR_CHARS {
            return Err(InvalidSelector::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Selector {
    /// The element with this id, whatever characters the id has.
    ///
    /// # Errors
    /// When the id is empty or too long.
    pub fn of_id(id: &str) -> Result<Self, InvalidSelector> {
        if id.is_empty() {
            return Err(InvalidSelector::Empty);
        }
        format!("[id=\"{}\"]", id.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\a ")).parse()
    }

    pub(super) fn parse(payload: Payload<'_>, field: &str) -> Result<Option<Self>, Error> {
        payload.text(field)?.map(|text| Self::new(payload, field, &text)).transpose()
    }

    pub(super) fn required(payload: Payload<'_>) -> Result<Self, Error> {
        Self::new(payload, "selector", &payload.required_text(&["selector"])?)
    }

    fn new(payload: Payload<'_>, field: &str, text: &str) -> Result<Self, Error> {
        text.parse().map_err(|why: InvalidSelector| payload.refuse(field, why))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_becomes_a_selector_of_that_id() {
        for (id, selector) in [("a", r#"[id="a"]"#), ("a\"]b\\", r#"[id="a\"]b\\"]"#), ("1 x\n", "[id=\"1 x\\a \"]")] {
            assert_eq!(Selector::of_id(id).unwrap().as_str(), selector);
        }
        assert_eq!(Selector::of_id(""), Err(InvalidSelector::Empty));
    }
}
