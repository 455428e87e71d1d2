//! Actions on forms: filling fields, choosing options, checking boxes.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Selector, payload::Payload};
use crate::{error::Error, limits};

/// The `fill` action: replaces the content of a field, with the events that frameworks listen for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// The field.
    pub selector: Selector,
    /// The new content.
    pub value: String,
    /// Timeout of the whole action.
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

/// How the options are identified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", content = "wanted", rename_all = "lowercase")]
pub enum Choice {
    /// By value; an empty list deselects everything.
    Value(Vec<String>),
    /// By visible text, with white space collapsed.
    Label([String; 1]),
    /// By position, from 0.
    Index([u32; 1]),
}

/// The `select` action: chooses options of a `<select>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// The `<select>` or its label.
    pub selector: Selector,
    /// The options to select; all others are deselected.
    pub choice: Choice,
    /// Timeout of the whole action.
    pub timeout: Duration,
}

impl Select {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let selector = Selector::required(payload)?;
        let timeout = payload.timeout(limits::ELEMENT_TIMEOUT)?;
        let choices = [
            payload.text("value")?.map(|value| Choice::Value(vec![value])),
            parse_values(payload)?.map(Choice::Value),
            payload.text("label")?.map(|label| Choice::Label([label])),
            payload.integer("index", 0, 100_000)?.map(|index| Choice::Index([index])),
        ];
        let mut given = choices.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(choice), None) => Ok(Self { selector, choice, timeout }),
            (None, _) => Err(payload.refuse("value", "is required, or values, label or index")),
            (Some(_), Some(_)) => {
                Err(payload.refuse("value", "cannot be combined: name one of value, values, label, index"))
            }
        }
    }
}

fn parse_values(payload: Payload<'_>) -> Result<Option<Vec<String>>, Error> {
    let Some(values) = payload.array("values")? else { return Ok(None) };
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(payload.refuse("values", "must hold strings")),
    };
    values.iter().map(text).collect::<Result<_, _>>().map(Some)
}

/// The result of `select`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SelectResult {
    /// Values of the options that are selected now.
    pub selected: Vec<String>,
}

/// The `check` action: checks or unchecks a checkbox, a radio button or a switch by clicking it or its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The box or its label.
    pub selector: Selector,
    /// The wanted state.
    pub checked: bool,
    /// Timeout of the whole action.
    pub timeout: Duration,
}

impl Check {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self {
            selector: Selector::required(payload)?,
            checked: payload.boolean("checked")?.unwrap_or(true),
            timeout: payload.timeout(limits::ELEMENT_TIMEOUT)?,
        })
    }
}

/// The result of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckResult {
    /// As it is now.
    pub checked: bool,
}
