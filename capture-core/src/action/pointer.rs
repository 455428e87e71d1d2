//! The mouse.

use std::time::Duration;

use serde::Serialize;

use super::{Point, Selector, payload::Payload};
use crate::{error::Error, limits};

/// Where a pointer action goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// An element, waited for.
    Element {
        /// Which.
        selector: Selector,
        /// Where in its box, from its top left corner; its middle when absent.
        position: Option<Point>,
    },
    /// A point of the viewport, in CSS pixels.
    At(Point),
}

/// A mouse button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MouseButton {
    #[default]
    Left,
    Right,
    Middle,
}

/// A key held during a pointer action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Modifier {
    Alt,
    Control,
    Meta,
    Shift,
}

/// `click`.
#[derive(Debug, Clone, PartialEq)]
pub struct Click {
    /// What to click.
    pub target: Target,
    /// With which button.
    pub button: MouseButton,
    /// 1 to 3.
    pub count: u32,
    /// Keys held meanwhile.
    pub modifiers: Vec<Modifier>,
    /// Click even where something covers the element.
    pub force: bool,
    /// For everything.
    pub timeout: Duration,
}

impl Click {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let buttons = [("left", MouseButton::Left), ("right", MouseButton::Right), ("middle", MouseButton::Middle)];
        Ok(Self {
            target: parse_target(payload)?,
            button: payload.one_of("button", &buttons)?.unwrap_or_default(),
            count: payload.integer("clickCount", 1, 3)?.unwrap_or(1),
            modifiers: parse_modifiers(payload)?,
            force: payload.boolean("force")?.unwrap_or(false),
            timeout: payload.timeout(limits::ELEMENT_TIMEOUT)?,
        })
    }
}

fn parse_target(payload: Payload<'_>) -> Result<Target, Error> {
    if let Some(selector) = Selector::parse(payload, "selector")? {
        let position = payload.object("position")?.map(|fields| {
            let position = Payload::new(fields, "payload.position");
            parse_point(position)?.ok_or_else(|| position.refuse("x", "and y are required"))
        });
        return Ok(Target::Element { selector, position: position.transpose()? });
    }
    match parse_point(payload)? {
        Some(point) => Ok(Target::At(point)),
        None => Err(payload.refuse("selector", "is required, or x and y")),
    }
}

/// `x` and `y`, both or neither.
fn parse_point(payload: Payload<'_>) -> Result<Option<Point>, Error> {
    match (payload.number("x")?, payload.number("y")?) {
        (Some(x), Some(y)) => Ok(Some(Point { x, y })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(payload.refuse("x", "is required with y")),
        (Some(_), None) => Err(payload.refuse("y", "is required with x")),
    }
}

fn parse_modifiers(payload: Payload<'_>) -> Result<Vec<Modifier>, Error> {
    let Some(names) = payload.array("modifiers")? else { return Ok(Vec::new()) };
    let parse = |name: &serde_json::Value| match name.as_str() {
        Some("Alt") => Ok(Modifier::Alt),
        Some("Control") => Ok(Modifier::Control),
        Some("Meta") => Ok(Modifier::Meta),
        Some("Shift") => Ok(Modifier::Shift),
        _ => Err(payload.refuse("modifiers", "may hold Alt, Control, Meta, Shift")),
    };
    names.iter().map(parse).collect()
}
