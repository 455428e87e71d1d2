//! `scroll`.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    cdp::commands,
    inset::Reach,
    locate::{PEEK, Seen, Standing, Turn},
    page::ChromiumPage,
    world::World,
};
use crate::{
    action::{ActionResult, Distance, Edge, Point, Scroll, ScrollResult, Scrolled, Selector, Stretch},
    browser::Fault,
};

/// Pixels that are more than any page has.
const TO_AN_END: f64 = 1e7;

/// What a wheel at a point finds in a document.
#[derive(Deserialize)]
struct Below {
    /// Something that can go further that way.
    moves: bool,
    framed: bool,
}

impl ChromiumPage {
    pub(super) async fn scroll(&self, scroll: &Scroll, deadline: Instant) -> Result<ActionResult, Fault> {
        let Standing { scroll_x, scroll_y, at_end } = match &scroll.what {
            Scrolled::Page(stretch) => self.scroll_page(*stretch, deadline).await?,
            Scrolled::Element(selector, stretch) => {
                self.scroll_element(scroll, selector, Some(*stretch), deadline).await?
            }
            Scrolled::IntoView(selector) => self.scroll_element(scroll, selector, None, deadline).await?,
            Scrolled::Wheel(point, by) => self.wheel(Turn { point: *point, meant: false }, *by, deadline).await?,
        };
        Ok(ActionResult::Scroll(ScrollResult { scroll_x, scroll_y, at_end }))
    }

    /// What stands for the page. Where nothing does, the wheel is turned: a frame may move, or the page take it.
    async fn scroll_page(&self, stretch: Stretch, deadline: Instant) -> Result<Standing, Fault> {
        let seen: Seen = self.call("scroll", &argument(None, Some(stretch), 0), deadline).await?;
        match seen.wheel {
            Some(turn) => self.wheel(turn, way(stretch), deadline).await,
            None => seen.scroll.ok_or_else(untold),
        }
    }

    async fn scroll_element(
        &self,
        scroll: &Scroll,
        selector: &Selector,
        stretch: Option<Stretch>,
        deadline: Instant,
    ) -> Result<Standing, Fault> {
        let argument = |timeout: u64| argument(Some(selector), stretch, timeout);
        let (seen, world) = self.look("scroll", selector, argument, deadline).await?;
        let (_, seen) = seen.ready(selector, scroll.timeout)?;
        match (seen.wheel, stretch) {
            (Some(turn), Some(stretch)) => match self.reach(&world, turn.point, deadline).await? {
                Reach::At(point) => self.wheel(Turn { point, ..turn }, way(stretch), deadline).await,
                Reach::Covered(cover) => {
                    Err(Fault::failed_for("frame_covered", format!("its frame is covered by {cover}")))
                }
            },
            _ => seen.scroll.ok_or_else(untold),
        }
    }

    /// A real wheel, and where what it moved comes to rest.
    async fn wheel(&self, turn: Turn, by: Distance, deadline: Instant) -> Result<Standing, Fault> {
        let Turn { point, meant } = turn;
        let world = self.wheeled(point, by, deadline).await?;
        let turned = self.active()?.send(&commands::wheel((point.x, point.y), (by.dx, by.dy)));
        *self.mouse.lock() = point;
        match tokio::time::timeout_at(deadline, turned).await {
            Ok(turned) => drop(turned?),
            Err(_elapsed) => return Err(Fault::timed_out("the page did not handle the wheel in time")),
        }
        Ok(world.call("afterWheel", &json!({"dx": by.dx, "dy": by.dy, "meant": meant}), deadline).await?)
    }

    /// The document whose content a wheel at this point moves: of the innermost frame there that can go further that way.
    async fn wheeled(&self, point: Point, by: Distance, deadline: Instant) -> Result<World, Fault> {
        let way = |at: Point| json!({"x": at.x, "y": at.y, "dx": by.dx, "dy": by.dy});
        let mut world = self.world(deadline).await?;
        let below: Below = world.call("beforeWheel", &way(point), deadline).await?;
        if !below.framed {
            return Ok(world);
        }
        let frames = self.tabs.borrow().other_worlds();
        for frame in frames {
            // A frame that is gone or too busy is not scrolled now.
            let Ok(inset) = self.inset(&frame, deadline).await else { continue };
            let (way, peek) = (way(inset.inside(point)), deadline.min(Instant::now() + PEEK));
            if frame.ask::<Below>("beforeWheel", &way, peek).await.is_ok_and(|below| below.moves) {
                world = frame;
            }
        }
        Ok(world)
    }
}

/// How far a wheel is turned; to an end further than any page goes.
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

fn untold() -> Fault {
    Fault::Protocol("scroll told no place".to_owned())
}
