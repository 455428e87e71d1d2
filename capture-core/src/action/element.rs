//! The part of a reply that describes the element of an action.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Point, Rect};

/// What a selector action saw of its element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostics {
    /// Whether the selector found anything.
    pub matched: bool,
    /// How many elements it found.
    pub match_count: u64,
    /// Whether the one that counts is visible: the first that is, or where none is the first.
    pub visible: bool,
    /// Whether it takes input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Its text, white space collapsed, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element_text: Option<String>,
    /// Its tag, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_name: Option<String>,
    /// Its attributes as they stand in the markup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    /// Its box in the viewport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounding_box: Option<Rect>,
    /// What would receive a click instead of it, as `div#consent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<String>,
}

/// The result of an action on an element.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ElementResult {
    /// The element; absent for a click at a point.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
    /// Where it was clicked, in the viewport.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked_point: Option<Point>,
    /// Where the mouse is over it, in the viewport.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hovered_point: Option<Point>,
    /// The field's content after `fill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl ElementResult {
    /// A result that consists of an element only.
    pub fn of(diagnostics: Diagnostics) -> Self {
        Self { diagnostics: Some(diagnostics), ..Self::default() }
    }
}
