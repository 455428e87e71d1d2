//! From a place inside a frame to the same place in the page's viewport.

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::{
    cdp::{CdpError, commands},
    page::ChromiumPage,
    world::{ANSWER_GRACE, NoAnswer, World},
};
use crate::{
    action::{Point, Rect},
    browser::Fault,
};

/// Where a frame's content lies in what holds it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inset {
    left: f64,
    top: f64,
    scale_x: f64,
    scale_y: f64,
}

/// What a frame's holder says of a point in the frame.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Through {
    point: Point,
    covered_by: Option<String>,
}

/// A point in the page's viewport.
#[derive(Debug)]
pub(super) enum Reach {
    /// There.
    At(Point),
    /// There, but this covers the frame.
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

impl Inset {
    const NONE: Self = Self { left: 0.0, top: 0.0, scale_x: 1.0, scale_y: 1.0 };

    pub(super) fn outside(self, bounds: Rect) -> Rect {
        Rect {
            x: self.left + bounds.x * self.scale_x,
            y: self.top + bounds.y * self.scale_y,
            width: bounds.width * self.scale_x,
            height: bounds.height * self.scale_y,
        }
    }

    /// A point of the page's viewport, in this frame.
    pub(super) fn inside(self, point: Point) -> Point {
        Point { x: (point.x - self.left) / self.scale_x, y: (point.y - self.top) / self.scale_y }
    }

    /// This frame's place where the frame that holds it lies so.
    fn within(self, holder: Self) -> Self {
        Self {
            left: holder.left + self.left * holder.scale_x,
            top: holder.top + self.top * holder.scale_y,
            scale_x: self.scale_x * holder.scale_x,
            scale_y: self.scale_y * holder.scale_y,
        }
    }
}

impl ChromiumPage {
    /// Where this document lies in the page's viewport.
    pub(super) async fn inset(&self, world: &World, deadline: Instant) -> Result<Inset, Fault> {
        let mut inset = Inset::NONE;
        let mut frame = world.frame.clone();
        while let Some((holder, _)) = self.holder(&frame) {
            let element = self.frame_element(&holder, &frame, deadline).await?;
            let own: Inset = holder.ask_of(&element, "placeOf", &(), deadline).await?;
            inset = inset.within(own);
            frame = holder.frame;
        }
        Ok(inset)
    }

    /// Brings a point of this document into view in every frame that holds it, and tells where it is then.
    pub(super) async fn reach(&self, world: &World, mut point: Point, deadline: Instant) -> Result<Reach, Fault> {
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
    pub(super) async fn frame_element(
        &self,
        holder: &World,
        frame: &str,
        deadline: Instant,
    ) -> Result<String, NoAnswer> {
        let found = async {
            let owner: Owner = holder.session.send(&commands::frame_owner(frame)).decode().await.map_err(gone)?;
            let resolve = commands::resolve(owner.backend_node_id, holder.context.number);
            let resolved: Resolved = holder.session.send(&resolve).decode().await.map_err(gone)?;
            Ok(resolved.object.object_id)
        };
        tokio::time::timeout_at(deadline + ANSWER_GRACE, found).await.unwrap_or(Err(NoAnswer::Late))
    }
}

/// A frame that cannot be found any more has been removed.
fn gone(error: CdpError) -> NoAnswer {
    match error {
        CdpError::Refused { .. } => NoAnswer::Gone,
        other => NoAnswer::Fault(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_within_frames_add_up() {
        let inner = Inset { left: 10.0, top: 20.0, scale_x: 2.0, scale_y: 1.0 };
        let outer = Inset { left: 100.0, top: 50.0, scale_x: 0.5, scale_y: 0.5 };
        let bounds = inner.within(outer).outside(Rect { x: 4.0, y: 6.0, width: 8.0, height: 2.0 });
        assert_eq!(bounds, Rect { x: 109.0, y: 63.0, width: 8.0, height: 1.0 });
    }
}
