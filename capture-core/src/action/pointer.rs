//! Pointer actions.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Point, Selector, payload::Payload};
use crate::{error::Error, limits};

/// The target of a pointer action.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// An element, which is waited for.
    Element {
        /// The element.
        selector: Selector,
        /// Position in its box, from the top left corner; absent means the middle.
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

/// The `click` action.
#[derive(Debug, Clone, PartialEq)]
pub struct Click {
    /// What to click.
    pub target: Target,
    /// The button.
    pub button: MouseButton,
    /// Number of clicks, 1 to 3.
    pub count: u32,
    /// Keys held during the click.
    pub modifiers: Vec<Modifier>,
    /// Whether to click even if something covers the element.
    pub force: bool,
    /// Timeout of the whole action.
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

/// The `hover` action.
#[derive(Debug, Clone, PartialEq)]
pub struct Hover {
    /// What to move the mouse over.
    pub target: Target,
    /// Timeout of the whole action.
    pub timeout: Duration,
}

impl Hover {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self { target: parse_target(payload)?, timeout: payload.timeout(limits::ELEMENT_TIMEOUT)? })
    }
}

/// The `move_mouse` action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MoveMouse {
    /// The destination, in CSS pixels of the viewport.
    pub to: Point,
    /// Number of movements, 1 to 100.
    pub steps: u32,
}

impl MoveMouse {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let to = parse_point(payload)?.ok_or_else(|| payload.refuse("x", "and y are required"))?;
        Ok(Self { to, steps: payload.integer("steps", 1, MAX_STEPS)?.unwrap_or(1) })
    }
}

/// Maximum number of movements between two points.
const MAX_STEPS: u32 = 100;
/// Default number of movements between two points of a drag. Pages expect to see the mouse on its way.
const DRAG_STEPS: u32 = 5;
/// Maximum duration in milliseconds of holding, and of the drag itself.
const MAX_DRAG_MILLIS: u32 = 10_000;
/// Maximum number of points of a drag's path (contract).
const MAX_POINTS: usize = 100;

/// The `drag_mouse` action: presses at the first point, moves along the path and releases at the last point.
#[derive(Debug, Clone, PartialEq)]
pub struct DragMouse {
    /// The path.
    pub path: DragPath,
    /// Number of movements between two points, 1 to 100.
    pub steps: u32,
    /// Time between pressing and the first movement.
    pub hold: Duration,
    /// Time from the first movement to the release.
    pub duration: Duration,
    /// Timeout of the whole action: the requested one, or one that is long enough for both durations.
    pub timeout: Duration,
}

/// The path of a drag.
#[derive(Debug, Clone, PartialEq)]
pub enum DragPath {
    /// Through these points, 2 to 100.
    Points(Vec<Point>),
    /// From the middle of one element to the middle of another. Both are waited for.
    Elements(Selector, Selector),
}

impl DragMouse {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let millis = |field| payload.integer(field, 0, MAX_DRAG_MILLIS).map(|millis| millis.unwrap_or(0));
        let hold = Duration::from_millis(millis("holdMs")?.into());
        let duration = Duration::from_millis(millis("durationMs")?.into());
        Ok(Self {
            path: parse_path(payload)?,
            steps: payload.integer("steps", 1, MAX_STEPS)?.unwrap_or(DRAG_STEPS),
            hold,
            duration,
            timeout: payload.timeout(limits::ELEMENT_TIMEOUT + hold + duration)?,
        })
    }
}

fn parse_path(payload: Payload<'_>) -> Result<DragPath, Error> {
    let point = |value: &serde_json::Value, field: &str| {
        let fields = value.as_object().ok_or_else(|| payload.refuse(field, "must be a point {x, y}"))?;
        parse_point(Payload::new(fields, field))?.ok_or_else(|| payload.refuse(field, "must have x and y"))
    };
    for field in ["path", "points"] {
        let Some(values) = payload.array(field)? else { continue };
        if !(2..=MAX_POINTS).contains(&values.len()) {
            return Err(payload.refuse(field, format_args!("must hold 2 to {MAX_POINTS} points")));
        }
        return values.iter().map(|value| point(value, field)).collect::<Result<_, _>>().map(DragPath::Points);
    }
    if let (Some(from), Some(to)) = (payload.get("from"), payload.get("to")) {
        return Ok(DragPath::Points(vec![point(from, "from")?, point(to, "to")?]));
    }
    match (Selector::parse(payload, "fromSelector")?, Selector::parse(payload, "toSelector")?) {
        (Some(from), Some(to)) => Ok(DragPath::Elements(from, to)),
        _ => Err(payload.refuse("path", "is required, or from and to, or fromSelector and toSelector")),
    }
}

/// The result of `drag_mouse`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DragResult {
    /// Where it was pressed.
    pub from: Point,
    /// Where it was released.
    pub to: Point,
    /// Points of the path.
    pub points: usize,
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

/// `x` and `y`; either both or neither must be present.
pub(super) fn parse_point(payload: Payload<'_>) -> Result<Option<Point>, Error> {
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
