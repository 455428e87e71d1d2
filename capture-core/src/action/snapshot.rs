//! The page as a tree of roles and names, with refs for the elements that can be acted on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Selector, payload::Payload};
use crate::error::Error;

/// Default length of a snapshot in characters (contract).
const DEFAULT_CHARS: u32 = 50_000;
/// Maximum length of a snapshot in characters.
const MAX_CHARS: u32 = 1_000_000;
/// Maximum depth of the tree, and its default.
const MAX_DEPTH: u32 = 1_000;

/// The `snapshot` action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether to include only what can be acted on.
    pub interactive: bool,
    /// Only this element and its content.
    pub selector: Option<Selector>,
    /// Maximum number of levels.
    pub max_depth: u32,
    /// Maximum characters of the tree. Whole lines beyond it are left out.
    pub max_chars: u32,
}

impl Snapshot {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self {
            interactive: payload.boolean("interactive")?.unwrap_or(false),
            selector: Selector::parse(payload, "selector")?,
            max_depth: payload.clamped("maxDepth", 1, MAX_DEPTH)?.unwrap_or(MAX_DEPTH),
            max_chars: payload.clamped("maxChars", 1, MAX_CHARS)?.unwrap_or(DEFAULT_CHARS),
        })
    }
}

/// What a ref stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefReport {
    /// The ARIA role.
    pub role: String,
    /// The accessible name.
    pub name: String,
}

/// The result of `snapshot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SnapshotResult {
    /// The tree, a line per node, two spaces per level.
    pub snapshot: String,
    /// What each ref in it stands for.
    pub refs: BTreeMap<String, RefReport>,
    /// The page's address.
    pub url: String,
    /// The page's title.
    pub title: String,
    /// Whether something was left out.
    pub truncated: bool,
}
