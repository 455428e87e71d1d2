//! Scrolling.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Point, Selector, payload::Payload, pointer::parse_point};
use crate::{error::Error, limits};

/// Default distance of a scroll in CSS pixels (contract).
const DEFAULT_AMOUNT: f64 = 500.0;
const MAX_AMOUNT: f64 = 1e6;

/// The `scroll` action.
#[derive(Debug, Clone, PartialEq)]
pub struct Scroll {
    /// What is scrolled.
    pub what: Scrolled,
    /// Timeout of the whole action.
    pub timeout: Duration,
}

/// What is scrolled, and how far.
#[derive(Debug, Clone, PartialEq)]
pub enum Scrolled {
    /// The page, or its main scrolling element if the page itself does not scroll.
    Page(Stretch),
    /// The content of this element.
    Element(Selector, Stretch),
    /// All scrolling ancestors of this element, until it is in view.
    IntoView(Selector),
    /// Whatever is below this point, with the mouse wheel.
    Wheel(Point, Distance),
}

/// How far to scroll.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stretch {
    /// By this distance.
    By(Distance),
    /// To this end.
    To(Edge),
}

/// A distance in CSS pixels, to the right and down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Distance {
    pub dx: f64,
    pub dy: f64,
}

/// An end of the scrolled content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Edge {
    Top,
    Bottom,
}

impl Scroll {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let selector = Selector::parse(payload, "selector")?;
        let point = parse_point(payload)?;
        let edge = payload.one_of("to", &[("top", Edge::Top), ("bottom", Edge::Bottom)])?;
        let distance = parse_distance(payload)?;
        if edge.is_some() && distance.is_some() {
            return Err(payload.refuse("to", "cannot be combined with direction or amount"));
        }
        let stretch = edge.map(Stretch::To).or(distance.map(Stretch::By));
        let down = Distance { dx: 0.0, dy: DEFAULT_AMOUNT };
        let what = match (selector, point, stretch) {
            (Some(_), Some(_), _) => return Err(payload.refuse("x", "and y cannot be combined with selector")),
            (None, Some(_), Some(Stretch::To(_))) => {
                return Err(payload.refuse("to", "cannot be combined with x and y"));
            }
            (None, Some(point), Some(Stretch::By(by))) => Scrolled::Wheel(point, by),
            (None, Some(point), None) => Scrolled::Wheel(point, down),
            (Some(selector), None, Some(stretch)) => Scrolled::Element(selector, stretch),
            (Some(selector), None, None) => Scrolled::IntoView(selector),
            (None, None, stretch) => Scrolled::Page(stretch.unwrap_or(Stretch::By(down))),
        };
        Ok(Self { what, timeout: payload.timeout(limits::ELEMENT_TIMEOUT)? })
    }
}

/// Parses `direction` and `amount`; `None` when neither is given.
fn parse_distance(payload: Payload<'_>) -> Result<Option<Distance>, Error> {
    let directions = [("down", (0.0, 1.0)), ("up", (0.0, -1.0)), ("right", (1.0, 0.0)), ("left", (-1.0, 0.0))];
    let direction = payload.one_of("direction", &directions)?;
    let amount = payload.number("amount")?;
    if amount.is_some_and(|amount| !(0.0..=MAX_AMOUNT).contains(&amount)) {
        return Err(payload.refuse("amount", format_args!("must lie between 0 and {MAX_AMOUNT}")));
    }
    if direction.is_none() && amount.is_none() {
        return Ok(None);
    }
    let ((dx, dy), amount) = (direction.unwrap_or((0.0, 1.0)), amount.unwrap_or(DEFAULT_AMOUNT));
    Ok(Some(Distance { dx: dx * amount, dy: dy * amount }))
}

/// The result of `scroll`: the position of the page, or of the element that was scrolled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScrollResult {
    /// In CSS pixels from the left end.
    pub scroll_x: f64,
    /// In CSS pixels from the top.
    pub scroll_y: f64,
    /// Whether it can go no further that way.
    pub at_end: bool,
}
