//! Waiting: for an element, for a while.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Selector, payload::Payload};
use crate::{error::Error, limits};

/// A state an element can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementState {
    /// In the document.
    Attached,
    /// Attached and visible.
    Visible,
    /// Detached, or attached and not visible.
    Hidden,
    /// Not in the document.
    Detached,
}

impl ElementState {
    /// The wire word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Detached => "detached",
        }
    }
}

/// `wait_for_selector`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitForSelector {
    /// The element.
    pub selector: Selector,
    /// What to wait for.
    pub state: ElementState,
    /// For everything.
    pub timeout: Duration,
}

impl WaitForSelector {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let states = [
            ("attached", ElementState::Attached),
            ("visible", ElementState::Visible),
            ("hidden", ElementState::Hidden),
            ("detached", ElementState::Detached),
        ];
        let by_flag =
            if payload.boolean("visible")?.unwrap_or(true) { ElementState::Visible } else { ElementState::Attached };
        Ok(Self {
            selector: Selector::required(payload)?,
            state: payload.one_of("state", &states)?.unwrap_or(by_flag),
            timeout: payload.timeout(limits::ELEMENT_TIMEOUT)?,
        })
    }
}

/// `wait_for_timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitForTimeout {
    /// How long, at most 2.5 s.
    pub pause: Duration,
}

impl WaitForTimeout {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let most = u32::try_from(limits::MAX_WAIT.as_millis()).unwrap_or(u32::MAX);
        let millis =
            payload.clamped("timeoutMs", 1, most)?.ok_or_else(|| payload.refuse("timeoutMs", "is required"))?;
        Ok(Self { pause: Duration::from_millis(millis.into()) })
    }
}

/// What `wait_for_timeout` brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitedResult {
    /// How long it was.
    pub waited_ms: u64,
}
