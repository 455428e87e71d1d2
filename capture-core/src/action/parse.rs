//! Parses requests into [`Action`]s, which is the only way to make one from outside.

use serde_json::{Map, Value};

use super::{
    Action, ActionKind, ActionType, Batch, Check, Click, Console, Content, DragMouse, Errors, Fill, Goto, Hover,
    MoveMouse, Press, Query, Screenshot, Scroll, Select, Snapshot, Source, Travel, Type, TypeText, ViewportChange,
    WaitForSelector, WaitForTimeout,
    payload::{Payload, clip},
};
use crate::error::Error;

/// Parses `{type, payload?}`.
///
/// # Errors
/// `invalid_request` with a message that names the field and the accepted values.
pub fn parse(request: &Value) -> Result<Action, Error> {
    let action = read(request, Nesting::Top)?;
    Ok(Action { source: Source::of(request), ..action })
}

/// Parses a step of a batch.
pub(super) fn step(request: &Value) -> Result<Action, Error> {
    read(request, Nesting::Step)
}

#[derive(Clone, Copy, PartialEq)]
enum Nesting {
    Top,
    Step,
}

fn read(request: &Value, nesting: Nesting) -> Result<Action, Error> {
    let fields = request.as_object().ok_or_else(|| Error::invalid("an action must be an object {type, payload}"))?;
    if let Some(other) = fields.keys().find(|key| !["type", "payload"].contains(&key.as_str())) {
        return Err(Error::invalid(format!("unknown field {:?}; accepted are type, payload", clip(other))));
    }
    let action_type = parse_type(fields.get("type"))?;
    if action_type == ActionType::Batch && nesting == Nesting::Step {
        return Err(Error::invalid("a batch cannot hold a batch"));
    }
    let none = Map::new();
    let payload = match fields.get("payload") {
        None | Some(Value::Null) => &none,
        Some(Value::Array(items)) if items.is_empty() => &none, // the form in which PHP writes an object without fields
        Some(Value::Object(payload)) => payload,
        Some(_) => return Err(Error::invalid("payload must be an object")),
    };
    read_payload(action_type, Payload::new(payload, "payload"))
}

fn parse_type(value: Option<&Value>) -> Result<ActionType, Error> {
    let accepted = || ActionType::ALL.map(|(_, name)| name).join(", ");
    match value {
        None => Err(Error::invalid(format!("type is required; accepted are {}", accepted()))),
        Some(Value::String(name)) => name.parse().map_err(|_unknown| {
            Error::invalid(format!("unknown action type {:?}; accepted are {}", clip(name), accepted()))
        }),
        Some(_) => Err(Error::invalid(format!("type must be a string, one of {}", accepted()))),
    }
}

fn read_payload(action_type: ActionType, payload: Payload<'_>) -> Result<Action, Error> {
    let kind = match action_type {
        ActionType::Goto => ActionKind::Goto(Goto::parse(payload)?),
        ActionType::Back => ActionKind::Back(Travel::parse(payload)?),
        ActionType::Forward => ActionKind::Forward(Travel::parse(payload)?),
        ActionType::Reload => ActionKind::Reload(Travel::parse(payload)?),
        ActionType::Title => ActionKind::Title,
        ActionType::Url => ActionKind::Url,
        ActionType::Screenshot => ActionKind::Screenshot(Screenshot::parse(payload)?),
        ActionType::WaitForSelector => ActionKind::WaitForSelector(WaitForSelector::parse(payload)?),
        ActionType::WaitForTimeout => ActionKind::WaitForTimeout(WaitForTimeout::parse(payload)?),
        ActionType::Click => ActionKind::Click(Click::parse(payload)?),
        ActionType::Hover => ActionKind::Hover(Hover::parse(payload)?),
        ActionType::MoveMouse => ActionKind::MoveMouse(MoveMouse::parse(payload)?),
        ActionType::DragMouse => ActionKind::DragMouse(DragMouse::parse(payload)?),
        ActionType::CursorPosition => ActionKind::CursorPosition,
        ActionType::Type => ActionKind::Type(Type::parse(payload)?),
        ActionType::TypeText => ActionKind::TypeText(TypeText::parse(payload)?),
        ActionType::Fill => ActionKind::Fill(Fill::parse(payload)?),
        ActionType::Select => ActionKind::Select(Select::parse(payload)?),
        ActionType::Check => ActionKind::Check(Check::parse(payload)?),
        ActionType::Press => ActionKind::Press(Press::parse(payload)?),
        ActionType::Scroll => ActionKind::Scroll(Scroll::parse(payload)?),
        ActionType::Snapshot => ActionKind::Snapshot(Snapshot::parse(payload)?),
        ActionType::Console => ActionKind::Console(Console::parse(payload)?),
        ActionType::Errors => ActionKind::Errors(Errors::parse(payload)?),
        ActionType::Content => ActionKind::Content(Content::parse(payload)?),
        ActionType::Query => ActionKind::Query(Query::parse(payload)?),
        ActionType::Batch => ActionKind::Batch(Batch::parse(payload, step)?),
    };
    let screenshot = action_type != ActionType::Screenshot && payload.boolean("screenshot")?.unwrap_or(false);
    let sized = screenshot || matches!(action_type, ActionType::Goto | ActionType::Screenshot);
    let viewport = if sized { ViewportChange::parse(payload)? } else { None };
    Ok(Action { kind, screenshot, viewport, source: Source::default() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn every_refusal_names_its_field() {
        for (request, named) in [
            (json!([]), "object"),
            (json!({}), "type is required"),
            (json!({"type": "jump"}), "wait_for_selector"),
            (json!({"type": "title", "extra": 1}), "\"extra\""),
            (json!({"type": "title", "payload": 1}), "payload"),
            (json!({"type": "goto"}), "payload.url"),
            (json!({"type": "goto", "payload": {"url": []}}), "payload.url"),
            (json!({"type": "goto", "payload": {"url": "a.test", "waitUntil": "idle"}}), "payload.waitUntil"),
            (json!({"type": "goto", "payload": {"url": "a.test", "timeoutMs": 0}}), "payload.timeoutMs"),
            (
                json!({"type": "goto", "payload": {"url": "a.test", "viewport": {"width": 10}}}),
                "payload.viewport.height",
            ),
            (json!({"type": "goto", "payload": {"url": "a.test", "viewport": {"x": 1}}}), "payload.viewport"),
            (json!({"type": "goto", "payload": {"url": "a.test", "vw": 10}}), "payload.vh"),
            (json!({"type": "goto", "payload": {"url": "a.test", "emulateDevice": "abacus"}}), "payload.emulateDevice"),
            (json!({"type": "screenshot", "payload": {"scaleFactor": 4}}), "payload.scaleFactor"),
            (json!({"type": "screenshot", "payload": {"quality": 50}}), "payload.quality"),
            (
                json!({"type": "screenshot", "payload": {"clip": {"x": 0, "y": 0, "width": 0, "height": 1}}}),
                "payload.clip",
            ),
            (json!({"type": "click"}), "payload.selector"),
            (json!({"type": "click", "payload": {"x": 1}}), "payload.y"),
            (json!({"type": "click", "payload": {"selector": " "}}), "payload.selector"),
            (json!({"type": "click", "payload": {"selector": "a", "clickCount": 4}}), "payload.clickCount"),
            (json!({"type": "click", "payload": {"selector": "a", "modifiers": ["Super"]}}), "payload.modifiers"),
            (json!({"type": "fill", "payload": {"selector": "a"}}), "payload.value"),
            (json!({"type": "query", "payload": {"selector": "a", "fields": ["colour"]}}), "payload.fields"),
            (json!({"type": "wait_for_timeout"}), "payload.timeoutMs"),
            (json!({"type": "hover", "payload": {"x": 1}}), "payload.y"),
            (json!({"type": "move_mouse", "payload": {"x": 1, "y": 2, "steps": 101}}), "payload.steps"),
            (json!({"type": "drag_mouse", "payload": {"path": [{"x": 1, "y": 2}]}}), "payload.path"),
            (json!({"type": "drag_mouse", "payload": {"from": {"x": 1, "y": 2}}}), "payload.path"),
            (json!({"type": "type", "payload": {"selector": "a"}}), "payload.text"),
            (json!({"type": "type_text", "payload": {"text": "a".repeat(40), "delayMs": 1000}}), "payload.delayMs"),
            (json!({"type": "select", "payload": {"selector": "a"}}), "payload.value"),
            (json!({"type": "select", "payload": {"selector": "a", "value": "x", "index": 1}}), "payload.value"),
            (json!({"type": "check", "payload": {"selector": "a", "checked": "yes"}}), "payload.checked"),
            (json!({"type": "press", "payload": {"key": "Bogus"}}), "payload.key"),
            (json!({"type": "scroll", "payload": {"direction": "in"}}), "payload.direction"),
            (json!({"type": "scroll", "payload": {"to": "top", "amount": 1}}), "payload.to"),
            (json!({"type": "snapshot", "payload": {"maxChars": 0}}), "payload.maxChars"),
            (json!({"type": "console", "payload": {"level": "fatal"}}), "payload.level"),
            (json!({"type": "errors", "payload": {"limit": 0}}), "payload.limit"),
            (json!({"type": "batch", "payload": {"actions": []}}), "payload.actions"),
            (json!({"type": "batch", "payload": {"actions": [{"type": "title"}, {"type": "goto"}]}}), "step 1"),
            (
                json!({"type": "batch", "payload": {"actions": [{"type": "batch", "payload": {"actions": []}}]}}),
                "batch",
            ),
        ] {
            let error = parse(&request).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest, "{request}");
            assert!(error.message().contains(named), "{request}: {error}");
        }
    }

    #[test]
    fn leniencies_of_the_wire() {
        let fill = parse(&json!({"type": "fill", "payload": {"selector": "#a", "text": 123, "junk": []}})).unwrap();
        assert!(matches!(fill.kind, ActionKind::Fill(Fill { value, .. }) if value == "123"));
        let query = parse(&json!({"type": "query", "payload": {"selector": "a", "limit": 9999}})).unwrap();
        assert!(matches!(query.kind, ActionKind::Query(Query { limit: 500, .. })));
        let goto = parse(&json!({"type": "goto", "payload": {"url": "a.test", "timeoutMs": 999_999}})).unwrap();
        assert_eq!(goto.timeout().as_secs(), 30);
        assert_eq!(parse(&json!({"type": "title", "payload": null})).unwrap().action_type(), ActionType::Title);
    }
}
