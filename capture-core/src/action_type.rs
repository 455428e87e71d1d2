//! Names the 27 action types.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An action type; its wire form is the snake-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation; each type's payload documents itself")]
pub enum ActionType {
    Goto,
    Back,
    Forward,
    Reload,
    Title,
    Url,
    Screenshot,
    WaitForSelector,
    WaitForTimeout,
    Click,
    Hover,
    MoveMouse,
    DragMouse,
    CursorPosition,
    Type,
    TypeText,
    Fill,
    Select,
    Check,
    Press,
    Scroll,
    Snapshot,
    Console,
    Errors,
    Content,
    Query,
    Batch,
}

impl ActionType {
    /// Every type with its wire name, in the order of the documentation.
    pub const ALL: [(Self, &'static str); 27] = [
        (Self::Goto, "goto"),
        (Self::Back, "back"),
        (Self::Forward, "forward"),
        (Self::Reload, "reload"),
        (Self::Title, "title"),
        (Self::Url, "url"),
        (Self::Screenshot, "screenshot"),
        (Self::WaitForSelector, "wait_for_selector"),
        (Self::WaitForTimeout, "wait_for_timeout"),
        (Self::Click, "click"),
        (Self::Hover, "hover"),
        (Self::MoveMouse, "move_mouse"),
        (Self::DragMouse, "drag_mouse"),
        (Self::CursorPosition, "cursor_position"),
        (Self::Type, "type"),
        (Self::TypeText, "type_text"),
        (Self::Fill, "fill"),
        (Self::Select, "select"),
        (Self::Check, "check"),
        (Self::Press, "press"),
        (Self::Scroll, "scroll"),
        (Self::Snapshot, "snapshot"),
        (Self::Console, "console"),
        (Self::Errors, "errors"),
        (Self::Content, "content"),
        (Self::Query, "query"),
        (Self::Batch, "batch"),
    ];

    /// The wire name of the type.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// The error for a text that is not the name of an action type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an action type")]
pub struct UnknownActionType;

impl FromStr for ActionType {
    type Err = UnknownActionType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind).ok_or(UnknownActionType)
    }
}

impl fmt::Display for ActionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_wire_form() {
        for (kind, name) in ActionType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
            assert_eq!(name.parse(), Ok(kind));
        }
    }
}
