//! Waiting for an element, or for a fixed time.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Selector, payload::Payload};
use crate::{error::Error, limits};

/// A state of an element that can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementState {
    /// The element is in the document.
    Attached,
    /// The element is attached and visible.
    Visible,
    /// The element is detached, or attached and not visible.
    Hidden,
    /// The element is not in the document.
    Detached,
}

impl ElementState {
    /// The wire form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Detached => "detached",
        }
    }
}

/// The `wait_for_selector` action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitForSelector {
    /// The element.
    pub selector: Selector,
    /// The state to wait for.
    pub state: ElementState,
    /// Timeout of the whole action.
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

/// The `wait_for_timeout` action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitForTimeout {
    /// How long to wait, at most 2.5 s.
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

/// The result of `wait_for_timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitedResult {
    /// How long it was.
    pub waited_ms: u64,
}
