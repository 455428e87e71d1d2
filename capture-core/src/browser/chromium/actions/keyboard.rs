//! The `type`, `type_text` and `press` actions: real key events of a US keyboard, sent without waiting for each one.
//!
//! This module must not know fields, except that they have the focus.

use std::collections::VecDeque;

use chromiumoxide::{
    cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType as Kind},
    keys::{KeyDefinition, USKEYBOARD_LAYOUT},
};
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{
    input::{Due, Leave},
    pointer::modifier_bits,
};
use crate::{
    action::{ActionResult, Chord, ElementResult, Modifier, Press, PressResult, Selector, Type, TypeText, Typing},
    browser::{
        BrowserError,
        chromium::{
            cdp::{CdpSession, Pending},
            page::{chromium_page::ChromiumPage, document::World},
        },
    },
    error::RunOutcome,
};

/// Keys that the layout has only on the number pad.
const MAIN_BLOCK: [KeyDefinition; 2] = [
    KeyDefinition { key: "+", key_code: 187, code: "Equal", text: None },
    KeyDefinition { key: "*", key_code: 56, code: "Digit8", text: None },
];
/// What was done, for the error if the page does not handle it.
const TYPED: &str = "the text was typed";
const PRESSED: &str = "the key was pressed";
/// Maximum number of unanswered events. It is small for a page with slow listeners, so that the page is soon done with
/// them if the action is given up, and large for a quick page, so that it never waits for us.
const FEW_UNDER_WAY: usize = 32;
const MOST_UNDER_WAY: usize = 256;
/// A page that handles half of the unanswered events within this time is quick.
const QUICK: Duration = Duration::from_millis(50);

impl ChromiumPage {
    pub(crate) async fn type_into(&self, typed: &Type, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let (selector, timeout) = (&typed.selector, typed.typing.timeout);
        let argument = |timeout: u64| json!({"selector": selector, "all": typed.clear, "timeoutMs": timeout});
        let (seen, world) = self.look("enterField", selector, argument, deadline).await?;
        let (diagnostics, seen) = seen.ready(selector, timeout)?;
        let leave = self.leave_for(vec![world], Due { deadline, timeout })?;
        let mut sent = VecDeque::new();
        if typed.clear && seen.value.is_some_and(|value| !value.is_empty()) {
            leave.check(RunOutcome::NotExecuted)?;
            sent.extend(stroke(&leave.tab, definition("Delete"), &[], None));
        }
        type_keys(&typed.typing, sent, leave).await?;
        Ok(ElementResult::of(diagnostics).into())
    }

    pub(crate) async fn type_text(&self, typed: &TypeText, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let leave = self.ask_leave(None, Due { deadline, timeout: typed.typing.timeout }).await?;
        type_keys(&typed.typing, VecDeque::new(), leave).await?;
        Ok(ActionResult::Done {})
    }

    pub(crate) async fn press_key(&self, press: &Press, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let due = Due { deadline, timeout: press.timeout };
        let leave = match &press.selector {
            Some(selector) => self.leave_for(vec![self.focus(selector, press.timeout, deadline).await?], due)?,
            None => self.ask_leave(None, due).await?,
        };
        self.separate_clipboard(&press.chord, deadline).await;
        leave.check(RunOutcome::NotExecuted)?;
        leave.handled(chord(&leave.tab, &press.chord), PRESSED).await?;
        leave.rest_once_it_acts(PRESSED).await?;
        Ok(ActionResult::Press(PressResult { key: press.chord.name.clone() }))
    }

    async fn focus(&self, selector: &Selector, timeout: Duration, deadline: Instant) -> Result<World, BrowserError> {
        let argument = |timeout: u64| json!({"selector": selector, "timeoutMs": timeout});
        let (seen, world) = self.look("focusOn", selector, argument, deadline).await?;
        seen.ready(selector, timeout)?;
        Ok(world)
    }
}

/// Types a text after the keys that were `sent` already. Those are not awaited by themselves: the page handles keys in
/// their order, and to wait for the first of them takes as long as to wait for all.
async fn type_keys(typing: &Typing, mut sent: VecDeque<Pending>, leave: Leave) -> Result<(), BrowserError> {
    let mut most = FEW_UNDER_WAY;
    let mut outcome = if sent.is_empty() { RunOutcome::NotExecuted } else { RunOutcome::Unknown };
    for (index, character) in typing.text.replace("\r\n", "\n").chars().enumerate() {
        if !typing.delay.is_zero() && index > 0 {
            leave.handled(sent.drain(..), "a key was typed").await?;
            tokio::time::sleep_until(leave.due.deadline.min(Instant::now() + typing.delay)).await;
        }
        leave.check(outcome)?;
        outcome = RunOutcome::Unknown;
        sent.extend(type_character(&leave.tab, character));
        if sent.len() >= most {
            // This waits for the older half, so that the page can continue with the other half meanwhile.
            let asked = Instant::now();
            leave.handled(sent.drain(..most / 2), "a part was typed").await?;
            most = if asked.elapsed() < QUICK { MOST_UNDER_WAY.min(most * 2) } else { FEW_UNDER_WAY };
        }
    }
    leave.handled(sent, TYPED).await?;
    if typing.text.contains('\n') { leave.rest_once_it_acts(TYPED).await } else { leave.rest(TYPED).await }
}

/// The key for this character; a key of another keyboard if this one has none. Text that is inserted without a key has
/// no time stamp and is not noticed by pages that listen to keys.
fn type_character(tab: &CdpSession, character: char) -> Vec<Pending> {
    let name = match character {
        '\n' | '\r' => "Enter".to_owned(),
        '\t' => "Tab".to_owned(),
        other => other.to_string(),
    };
    match definition(&name) {
        Some(key) => stroke(tab, Some(key), &[], text_of(key)),
        None => foreign(tab, &name),
    }
}

/// Presses and releases a key of another keyboard, of which only the character is known.
fn foreign(tab: &CdpSession, character: &str) -> Vec<Pending> {
    let event = |kind: Kind| {
        let mut event = DispatchKeyEventParams::new(kind);
        event.key = Some(character.to_owned());
        event
    };
    let mut down = event(Kind::KeyDown);
    down.text = Some(character.to_owned());
    down.unmodified_text = Some(character.to_owned());
    vec![tab.send(&down), tab.send(&event(Kind::KeyUp))]
}

/// Presses the modifiers, presses and releases the key, and releases the modifiers.
fn chord(tab: &CdpSession, chord: &Chord) -> Vec<Pending> {
    let is_held = |modifier: Modifier| chord.modifiers.contains(&modifier);
    let commands_something = [Modifier::Control, Modifier::Alt, Modifier::Meta].into_iter().any(is_held);
    let key = match definition(&chord.key) {
        Some(key) if is_held(Modifier::Shift) => Some(shifted(key)),
        Some(key) if commands_something => Some(unshifted(key)),
        key => key,
    };
    let Some(key) = key else { return foreign(tab, &chord.key) };
    let mut sent = Vec::new();
    let mut held = Vec::new();
    for modifier in &chord.modifiers {
        held.push(*modifier);
        sent.extend(modifier_key(*modifier).map(|key| tab.send(&key_event(Kind::RawKeyDown, key, &held, None))));
    }
    let text = if commands_something { None } else { text_of(key) };
    sent.extend(stroke(tab, Some(key), &held, text));
    while let Some(modifier) = held.pop() {
        sent.extend(modifier_key(modifier).map(|key| tab.send(&key_event(Kind::KeyUp, key, &held, None))));
    }
    sent
}

/// Presses Control and A, which selects everything in the focused element.
pub(crate) fn select_all(tab: &CdpSession) -> Vec<Pending> {
    chord(tab, &Chord { name: "Control+a".to_owned(), modifiers: vec![Modifier::Control], key: "a".to_owned() })
}

/// Presses Backspace, which removes the selection.
pub(crate) fn backspace(tab: &CdpSession) -> Vec<Pending> {
    stroke(tab, definition("Backspace"), &[], None)
}

/// Presses and releases a key.
fn stroke(tab: &CdpSession, key: Option<&KeyDefinition>, held: &[Modifier], text: Option<&str>) -> Vec<Pending> {
    let Some(key) = key else { return Vec::new() };
    let down = if text.is_some() { Kind::KeyDown } else { Kind::RawKeyDown };
    vec![tab.send(&key_event(down, key, held, text)), tab.send(&key_event(Kind::KeyUp, key, held, None))]
}

fn key_event(kind: Kind, key: &KeyDefinition, held: &[Modifier], text: Option<&str>) -> DispatchKeyEventParams {
    let mut event = DispatchKeyEventParams::new(kind);
    event.key = Some(key.key.to_owned());
    event.code = Some(key.code.to_owned());
    event.windows_virtual_key_code = Some(key.key_code);
    event.modifiers = Some(modifier_bits(held));
    event.text = text.map(str::to_owned);
    event.unmodified_text = text.map(str::to_owned);
    event
}

/// The text that a key inserts into a field.
fn text_of(key: &KeyDefinition) -> Option<&'static str> {
    key.text.or(Some(key.key).filter(|name| name.chars().count() == 1))
}

/// The key with this name or for this character, preferably in the main block and not on the number pad.
fn definition(name: &str) -> Option<&'static KeyDefinition> {
    let named = || MAIN_BLOCK.iter().chain(&USKEYBOARD_LAYOUT).filter(|key| key.key == name);
    named().find(|key| !key.code.starts_with("Numpad")).or_else(|| named().next())
}

fn modifier_key(modifier: Modifier) -> Option<&'static KeyDefinition> {
    definition(match modifier {
        Modifier::Alt => "Alt",
        Modifier::Control => "Control",
        Modifier::Meta => "Meta",
        Modifier::Shift => "Shift",
    })
}

/// The character of this key with Shift held.
fn shifted(key: &'static KeyDefinition) -> &'static KeyDefinition {
    let is_letter = key.key.len() == 1 && key.key.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_letter {
        return definition(&key.key.to_uppercase()).unwrap_or(key);
    }
    let is_shifted = |other: &&KeyDefinition| other.code == key.code && other.key != key.key && other.key.len() == 1;
    let other = MAIN_BLOCK.iter().chain(&USKEYBOARD_LAYOUT).find(is_shifted);
    // The layout lists the plain character of a key before the one with Shift.
    let is_plain = USKEYBOARD_LAYOUT.iter().find(|each| each.code == key.code).is_some_and(|each| each.key == key.key);
    other.filter(|_| is_plain && key.key.len() == 1).unwrap_or(key)
}

/// The key without Shift: `Control+A` is the key a, whatever its case.
fn unshifted(key: &'static KeyDefinition) -> &'static KeyDefinition {
    let is_letter = key.key.len() == 1 && key.key.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_letter { definition(&key.key.to_lowercase()).unwrap_or(key) } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_name_and_by_character() {
        for (name, code, text) in [
            ("a", "KeyA", Some("a")),
            ("A", "KeyA", Some("A")),
            ("1", "Digit1", Some("1")),
            ("!", "Digit1", Some("!")),
            ("+", "Equal", Some("+")),
            ("~", "Backquote", Some("~")),
            ("#", "Digit3", Some("#")),
            (" ", "Space", Some(" ")),
            ("Enter", "Enter", Some("\r")),
            ("Tab", "Tab", None),
            ("Escape", "Escape", None),
            ("ArrowLeft", "ArrowLeft", None),
            ("Shift", "ShiftLeft", None),
            ("F12", "F12", None),
        ] {
            let key = definition(name).unwrap_or_else(|| panic!("{name} is a key"));
            assert_eq!((key.code, text_of(key)), (code, text), "{name}");
        }
        assert!(definition("é").is_none() && definition("😀").is_none());
    }

    #[test]
    fn shift_changes_what_a_key_brings() {
        for (plain, with_shift) in [("a", "A"), ("1", "!"), ("=", "+"), ("A", "A"), ("Tab", "Tab"), ("!", "!")] {
            assert_eq!(shifted(definition(plain).unwrap()).key, with_shift, "{plain}");
        }
        assert_eq!(unshifted(definition("A").unwrap()).key, "a");
    }
}
