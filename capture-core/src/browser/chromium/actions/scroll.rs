//! The `scroll` action.
//!
//! What can be scrolled is decided in `scripts/`.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::input::Due;
use crate::{
    action::{ActionResult, Distance, Edge, Point, Scroll, ScrollResult, Scrolled, Selector, Stretch},
    browser::{
        BrowserError,
        chromium::{
            cdp::commands,
            page::{
                chromium_page::ChromiumPage,
                document::World,
                frame_geometry::Reach,
                locate::{PEEK, Seen, Standing, Turn},
            },
        },
    },
    error::RunOutcome,
};

/// What was done, for the error if the page does not handle it.
const TURNED: &str = "the wheel was turned";
/// More pixels than any page has.
const TO_AN_END: f64 = 1e7;

/// What a mouse wheel at a point finds in a document.
#[derive(Deserialize)]
struct Below {
    /// Whether something can scroll further in the direction.
    moves: bool,
    framed: bool,
}

impl ChromiumPage {
    pub(crate) async fn scroll(&self, scroll: &Scroll, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let due = Due { deadline, timeout: scroll.timeout };
        let Standing { scroll_x, scroll_y, at_end } = match &scroll.what {
            Scrolled::Page(stretch) => self.scroll_page(*stretch, due).await?,
            Scrolled::Element(selector, stretch) => self.scroll_element(selector, Some(*stretch), due).await?,
            Scrolled::IntoView(selector) => self.scroll_element(selector, None, due).await?,
            Scrolled::Wheel(point, by) => self.wheel(Turn { point: *point, meant: false }, *by, due).await?,
        };
        Ok(ActionResult::Scroll(ScrollResult { scroll_x, scroll_y, at_end }))
    }

    /// Scrolls the page's main scrolling element. Without one the mouse wheel is turned, so that a frame may scroll or
    /// the page may handle the event.
    async fn scroll_page(&self, stretch: Stretch, due: Due) -> Result<Standing, BrowserError> {
        let seen: Seen = self.call("scroll", &argument(None, Some(stretch), 0), due.deadline).await?;
        if seen.is_late() {
            return Err(BrowserError::timed_out("the page was not scrolled in time: a script keeps it busy"));
        }
        match seen.wheel {
            Some(turn) => self.wheel(turn, way(stretch), due).await,
            None => seen.scroll.ok_or_else(untold),
        }
    }

    async fn scroll_element(
        &self,
        selector: &Selector,
        stretch: Option<Stretch>,
        due: Due,
    ) -> Result<Standing, BrowserError> {
        let argument = |timeout: u64| argument(Some(selector), stretch, timeout);
        let (seen, world) = self.look("scroll", selector, argument, due.deadline).await?;
        let (_, seen) = seen.ready(selector, due.timeout)?;
        match (seen.wheel, stretch) {
            (Some(turn), Some(stretch)) => match self.reach(&world, turn.point, due.deadline).await? {
                Reach::At(point) => self.wheel(Turn { point, ..turn }, way(stretch), due).await,
                Reach::Covered(cover) => {
                    Err(BrowserError::failed_for("frame_covered", format!("its frame is covered by {cover}")))
                }
            },
            _ => seen.scroll.ok_or_else(untold),
        }
    }

    /// Turns the mouse wheel, and returns the position at which the scrolled content comes to rest.
    async fn wheel(&self, turn: Turn, by: Distance, due: Due) -> Result<Standing, BrowserError> {
        let Turn { point, meant } = turn;
        let (world, told) = self.wheeled(point, by, due.deadline).await?;
        let leave = self.leave_for(told, due)?;
        leave.check(RunOutcome::NotExecuted)?;
        *self.mouse.lock() = point;
        leave.handled(vec![leave.tab.send(&commands::wheel((point.x, point.y), (by.dx, by.dy)))], TURNED).await?;
        let argument = json!({"dx": by.dx, "dy": by.dy, "meant": meant});
        let stands = world.call("afterWheel", &argument, due.deadline).await?;
        leave.rest(TURNED).await?;
        Ok(stands)
    }

    /// The document that a mouse wheel at this point scrolls, which is that of the innermost frame there that can
    /// scroll further, and all documents that were told of the wheel.
    async fn wheeled(
        &self,
        point: Point,
        by: Distance,
        deadline: Instant,
    ) -> Result<(World, Vec<World>), BrowserError> {
        let way = |at: Point| json!({"x": at.x, "y": at.y, "dx": by.dx, "dy": by.dy});
        let mut world = self.world(deadline).await?;
        let mut told = vec![world.clone()];
        let below: Below = world.call("beforeWheel", &way(point), deadline).await?;
        let frames = if below.framed { self.tabs.borrow().other_worlds() } else { Vec::new() };
        for frame in frames {
            // A frame that is gone or too busy is not scrolled now.
            let Ok(geometry) = self.geometry(&frame, deadline).await else { continue };
            let (way, patience) = (way(geometry.inside(point)), deadline.min(Instant::now() + PEEK));
            if frame.peek::<Below>("beforeWheel", &way, patience, deadline).await.is_ok_and(|below| below.moves) {
                world = frame.clone();
            }
            told.push(frame);
        }
        Ok((world, told))
    }
}

/// How far the wheel is turned; for an end, further than any page goes.
fn way(stretch: Stretch) -> Distance {
    match stretch {
        Stretch::By(by) => by,
        Stretch::To(Edge::Top) => Distance { dx: 0.0, dy: -TO_AN_END },
        Stretch::To(Edge::Bottom) => Distance { dx: 0.0, dy: TO_AN_END },
    }
}

fn argument(selector: Option<&Selector>, stretch: Option<Stretch>, timeout: u64) -> Value {
    let mut argument = json!(stretch);
    if !argument.is_object() {
        argument = json!({});
    }
    if let Value::Object(fields) = &mut argument {
        fields.insert("selector".to_owned(), json!(selector));
        fields.insert("timeoutMs".to_owned(), timeout.into());
    }
    argument
}

fn untold() -> BrowserError {
    BrowserError::Protocol("scroll returned no position".to_owned())
}
