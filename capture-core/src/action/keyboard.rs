//! Putting text into fields.

use std::time::Duration;

use super::{Selector, payload::Payload};
use crate::{error::Error, limits};

/// `fill`: replaces the content of a field, with the events frameworks listen for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// The field.
    pub selector: Selector,
    /// Its new content.
    pub value: String,
    /// For everything.
    pub timeout: Duration,
}

impl Fill {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self {
            selector: Selector::required(payload)?,
            value: payload.required_text(&["value", "text"])?,
            timeout: payload.timeout(limits::ELEMENT_TIMEOUT)?,
        })
    }
}
