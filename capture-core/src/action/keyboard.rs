//! Keyboard actions: text typed one key at a time, and single keys with modifiers.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Modifier, Selector,
    payload::{Payload, clip},
};
use crate::{error::Error, limits};

/// Text typed key by key, with real key events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The text. A line break is the Enter key, and a tab is the Tab key.
    pub text: String,
    /// Pause between two keys.
    pub delay: Duration,
    /// Timeout of the whole action: the requested one, or one that is long enough for the pauses.
    pub timeout: Duration,
}

impl Typing {
    fn parse(payload: Payload<'_>, names: &[&str]) -> Result<Self, Error> {
        let text = payload.required_text(names)?;
        let delay = Duration::from_millis(payload.integer("delayMs", 0, 1_000)?.unwrap_or(0).into());
        let keys = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let typing = delay.saturating_mul(keys);
        if typing > limits::MAX_ACTION_TIMEOUT {
            let (needed, most) = (typing.as_secs(), limits::MAX_ACTION_TIMEOUT.as_secs());
            return Err(payload.refuse("delayMs", format_args!("makes this text take {needed} s; at most {most} s")));
        }
        let default = (limits::ELEMENT_TIMEOUT + typing).min(limits::MAX_ACTION_TIMEOUT);
        Ok(Self { text, delay, timeout: payload.timeout(default)? })
    }
}

/// The `type` action: types into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// The field.
    pub selector: Selector,
    /// The text and the pauses.
    pub typing: Typing,
    /// Whether to empty the field first.
    pub clear: bool,
}

impl Type {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self {
            selector: Selector::required(payload)?,
            typing: Typing::parse(payload, &["text", "value"])?,
            clear: payload.boolean("clear")?.unwrap_or(false),
        })
    }
}

/// The `type_text` action: types into the focused element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeText {
    /// The text and the pauses.
    pub typing: Typing,
}

impl TypeText {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self { typing: Typing::parse(payload, &["text", "value"])? })
    }
}

/// The `press` action: presses one key, with modifiers held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The key with its modifiers.
    pub chord: Chord,
    /// The element to focus first.
    pub selector: Option<Selector>,
    /// Timeout of the whole action.
    pub timeout: Duration,
}

impl Press {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let text = payload.required_text(&["key", "keys"])?;
        let chord = Chord::parse(&text).ok_or_else(|| {
            let how = "is not a key: name one as `Enter`, `a`, `Control+A`, `Shift+Tab`";
            payload.refuse("key", format_args!("{:?} {how}", clip(&text)))
        })?;
        Ok(Self {
            chord,
            selector: Selector::parse(payload, "selector")?,
            timeout: payload.timeout(limits::ELEMENT_TIMEOUT)?,
        })
    }
}

/// The result of `press`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PressResult {
    /// The key as it was asked for.
    pub key: String,
}

/// The named keys, as in `KeyboardEvent.key`.
const NAMED_KEYS: [&str; 34] = [
    "Enter",
    "Tab",
    "Backspace",
    "Delete",
    "Escape",
    "Insert",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "ArrowUp",
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "Shift",
    "Control",
    "Alt",
    "Meta",
    "CapsLock",
    "ContextMenu",
    "Pause",
    "ScrollLock",
    "F1",
    "F2",
    "F3",
    "F4",
    "F5",
    "F6",
    "F7",
    "F8",
    "F9",
    "F10",
    "F11",
    "F12",
];

/// Alternative names of keys.
const ALIASES: [(&str, &str); 14] = [
    ("return", "Enter"),
    ("esc", "Escape"),
    ("del", "Delete"),
    ("up", "ArrowUp"),
    ("down", "ArrowDown"),
    ("left", "ArrowLeft"),
    ("right", "ArrowRight"),
    ("space", " "),
    ("spacebar", " "),
    ("ctrl", "Control"),
    ("cmd", "Meta"),
    ("command", "Meta"),
    ("option", "Alt"),
    ("plus", "+"),
];

/// A key and the modifiers held while it is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chord {
    /// The text of the request.
    pub name: String,
    /// The modifiers, in the order in which they are pressed.
    pub modifiers: Vec<Modifier>,
    /// Name of the key, or one character.
    pub key: String,
}

impl Chord {
    /// Parses a text such as `Control+Shift+a`. The last part is the key, which may be `+` itself.
    fn parse(text: &str) -> Option<Self> {
        let name = if text == " " { text } else { text.trim() };
        let (held, key) = match name.strip_suffix('+') {
            Some("") => ("", "+"),
            Some(held) => (held.strip_suffix('+')?, "+"),
            None => name.rsplit_once('+').unwrap_or(("", name)),
        };
        let mut modifiers = Vec::new();
        for word in held.split('+').filter(|_| !held.is_empty()) {
            let modifier = match known(word)?.as_str() {
                "Alt" => Modifier::Alt,
                "Control" => Modifier::Control,
                "Meta" => Modifier::Meta,
                "Shift" => Modifier::Shift,
                _ => return None,
            };
            if !modifiers.contains(&modifier) {
                modifiers.push(modifier);
            }
        }
        Some(Self { name: name.to_owned(), modifiers, key: known(key)? })
    }
}

/// The key with this name, or the single character.
fn known(word: &str) -> Option<String> {
    if word.chars().count() == 1 {
        return Some(word.to_owned());
    }
    let named = NAMED_KEYS.iter().find(|name| name.eq_ignore_ascii_case(word));
    let alias = || ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word)).map(|(_, name)| name);
    named.or_else(alias).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_as_people_write_them() {
        for (text, modifiers, key) in [
            ("a", vec![], "a"),
            ("Enter", vec![], "Enter"),
            ("esc", vec![], "Escape"),
            (" ", vec![], " "),
            ("Space", vec![], " "),
            ("+", vec![], "+"),
            ("Control+A", vec![Modifier::Control], "A"),
            ("ctrl++", vec![Modifier::Control], "+"),
            ("Shift+Tab", vec![Modifier::Shift], "Tab"),
            ("Control+Shift+ArrowLeft", vec![Modifier::Control, Modifier::Shift], "ArrowLeft"),
            ("é", vec![], "é"),
        ] {
            let chord = Chord::parse(text).unwrap();
            assert_eq!((chord.modifiers, chord.key.as_str()), (modifiers, key), "{text}");
        }
        for text in ["", "Bogus", "a+b", "Control+", "Control+Bogus", "Enter+a", "ab"] {
            assert_eq!(Chord::parse(text), None, "{text}");
        }
    }
}
