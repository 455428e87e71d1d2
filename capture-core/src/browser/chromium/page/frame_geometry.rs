//! Converts places inside a frame to places in the page's viewport.
//!
//! This module must not know what is at a place.

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::{
    chromium_page::ChromiumPage,
    document::{ANSWER_GRACE, NoAnswer, World},
};
use crate::{
    action::{Point, Rect},
    browser::{
        BrowserError,
        chromium::cdp::{CdpError, commands},
    },
};

/// The position of a frame's content in its holder: its corner, and its axes, which may be scaled and rotated.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct FrameGeometry {
    left: f64,
    top: f64,
    /// Direction of the x axis, across and down.
    a: f64,
    b: f64,
    /// Direction of the y axis, across and down.
    c: f64,
    d: f64,
}

/// What a frame's holder reports about a point in the frame.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Through {
    point: Point,
    covered_by: Option<String>,
}

/// A point in the page's viewport.
#[derive(Debug)]
pub(crate) enum Reach {
    /// The point is reachable there.
    At(Point),
    /// The point is there, but this covers the frame.
    Covered(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    backend_node_id: i64,
}

#[derive(Deserialize)]
struct Resolved {
    object: Object,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object_id: String,
}

impl FrameGeometry {
    const NONE: Self = Self { left: 0.0, top: 0.0, a: 1.0, b: 0.0, c: 0.0, d: 1.0 };

    fn at(self, x: f64, y: f64) -> Point {
        Point { x: self.left + x * self.a + y * self.c, y: self.top + x * self.b + y * self.d }
    }

    /// The bounding box of a box in this frame, which may be rotated.
    pub(crate) fn outside(self, bounds: Rect) -> Rect {
        let Rect { x, y, width, height } = bounds;
        let corners = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)].map(|(x, y)| self.at(x, y));
        let least = corners.iter().fold((f64::MAX, f64::MAX), |(x, y), corner| (x.min(corner.x), y.min(corner.y)));
        let most = corners.iter().fold((f64::MIN, f64::MIN), |(x, y), corner| (x.max(corner.x), y.max(corner.y)));
        Rect { x: least.0, y: least.1, width: most.0 - least.0, height: most.1 - least.1 }
    }

    /// A point of the page's viewport in the coordinates of this frame. A frame that is rotated edgewise has none.
    pub(crate) fn inside(self, point: Point) -> Point {
        let area = self.a * self.d - self.b * self.c;
        let (x, y) = (point.x - self.left, point.y - self.top);
        Point { x: (x * self.d - y * self.c) / area, y: (y * self.a - x * self.b) / area }
    }

    /// The position of this frame, given the position of its holder.
    fn within(self, holder: Self) -> Self {
        let corner = holder.at(self.left, self.top);
        Self {
            left: corner.x,
            top: corner.y,
            a: self.a * holder.a + self.b * holder.c,
            b: self.a * holder.b + self.b * holder.d,
            c: self.c * holder.a + self.d * holder.c,
            d: self.c * holder.b + self.d * holder.d,
        }
    }
}

impl ChromiumPage {
    /// The position of this document in the page's viewport.
    pub(crate) async fn geometry(&self, world: &World, deadline: Instant) -> Result<FrameGeometry, BrowserError> {
        let mut geometry = FrameGeometry::NONE;
        let mut frame = world.frame.clone();
        while let Some((holder, _)) = self.holder(&frame) {
            let element = self.frame_element(&holder, &frame, deadline).await?;
            let own: FrameGeometry = holder.ask_of(&element, "placeOf", &(), deadline).await?;
            geometry = geometry.within(own);
            frame = holder.frame;
        }
        Ok(geometry)
    }

    /// Scrolls a point of this document into view in every frame that contains it, and returns its position then.
    pub(crate) async fn reach(
        &self,
        world: &World,
        mut point: Point,
        deadline: Instant,
    ) -> Result<Reach, BrowserError> {
        let mut frame = world.frame.clone();
        while let Some((holder, separate)) = self.holder(&frame) {
            let element = self.frame_element(&holder, &frame, deadline).await?;
            let argument = json!({"x": point.x, "y": point.y, "separate": separate});
            let through: Through = holder.ask_of(&element, "through", &argument, deadline).await?;
            if let Some(cover) = through.covered_by {
                return Ok(Reach::Covered(cover));
            }
            (point, frame) = (through.point, holder.frame);
        }
        Ok(Reach::At(point))
    }

    fn holder(&self, frame: &str) -> Option<(World, bool)> {
        self.tabs.borrow().holder(frame)
    }

    /// The element that shows a frame, as an object of its holder's world.
    pub(crate) async fn frame_element(
        &self,
        holder: &World,
        frame: &str,
        deadline: Instant,
    ) -> Result<String, NoAnswer> {
        let found = async {
            let owner: Owner = holder.session.send(&commands::frame_owner(frame)).decode().await.map_err(gone)?;
            let resolve = commands::resolve(owner.backend_node_id, holder.context.number, None);
            let resolved: Resolved = holder.session.send(&resolve).decode().await.map_err(gone)?;
            Ok(resolved.object.object_id)
        };
        tokio::time::timeout_at(deadline + ANSWER_GRACE, found).await.unwrap_or(Err(NoAnswer::Late))
    }
}

/// A frame that is not found any more was removed.
fn gone(error: CdpError) -> NoAnswer {
    match error {
        CdpError::Refused { .. } => NoAnswer::Gone,
        other => NoAnswer::Failed(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_within_frames_add_up() {
        let inner = FrameGeometry { left: 10.0, top: 20.0, a: 2.0, ..FrameGeometry::NONE };
        let outer = FrameGeometry { left: 100.0, top: 50.0, a: 0.5, d: 0.5, ..FrameGeometry::NONE };
        let bounds = inner.within(outer).outside(Rect { x: 4.0, y: 6.0, width: 8.0, height: 2.0 });
        assert_eq!(bounds, Rect { x: 109.0, y: 63.0, width: 8.0, height: 1.0 });
    }

    #[test]
    fn a_turned_frame_is_left_and_entered_the_same_way() {
        let quarter = FrameGeometry { left: 100.0, top: 50.0, a: 0.0, b: 1.0, c: -1.0, d: 0.0 };
        let bounds = quarter.outside(Rect { x: 10.0, y: 0.0, width: 30.0, height: 5.0 });
        assert_eq!(bounds, Rect { x: 95.0, y: 60.0, width: 5.0, height: 30.0 });
        let skewed = FrameGeometry { left: 3.0, top: 4.0, a: 2.0, b: 0.0, c: 1.0, d: 1.0 };
        let both = quarter.within(skewed);
        let there = both.at(7.0, 9.0);
        let back = both.inside(there);
        assert!((back.x - 7.0).abs() < 1e-9 && (back.y - 9.0).abs() < 1e-9, "{back:?}");
    }
}
