//! `scroll`.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    cdp::commands,
    input::Due,
    locate::{PEEK, Standing},
    page::ChromiumPage,
    world::World,
};
use crate::{
    action::{ActionResult, Distance, Point, Scroll, ScrollResult, Scrolled, Selector, Stretch},
    browser::Fault,
    error::RunOutcome,
};

/// What was done when the page does not handle it.
const TURNED: &str = "the wheel was turned";

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
            Scrolled::Page(stretch) => {
                let seen: super::locate::Seen =
                    self.call("scroll", &argument(None, Some(*stretch), 0), deadline).await?;
                if seen.is_late() {
                    return Err(Fault::timed_out("the page was not scrolled in time: a script keeps it busy"));
                }
                seen.scroll.ok_or_else(untold)?
            }
            Scrolled::Element(selector, stretch) => {
                self.scroll_element(scroll, selector, Some(*stretch), deadline).await?
            }
            Scrolled::IntoView(selector) => self.scroll_element(scroll, selector, None, deadline).await?,
            Scrolled::Wheel(point, by) => self.wheel(*point, *by, Due { deadline, timeout: scroll.timeout }).await?,
        };
        Ok(ActionResult::Scroll(ScrollResult { scroll_x, scroll_y, at_end }))
    }

    async fn scroll_element(
        &self,
        scroll: &Scroll,
        selector: &Selector,
        stretch: Option<Stretch>,
        deadline: Instant,
    ) -> Result<Standing, Fault> {
        let argument = |timeout: u64| argument(Some(selector), stretch, timeout);
        let (seen, _) = self.look("scroll", selector, argument, deadline).await?;
        let (_, seen) = seen.ready(selector, scroll.timeout)?;
        seen.scroll.ok_or_else(untold)
    }

    /// A real wheel, and where what it moved comes to rest.
    async fn wheel(&self, point: Point, by: Distance, due: Due) -> Result<Standing, Fault> {
        let (world, told) = self.wheeled(point, by, due.deadline).await?;
        let leave = self.leave_for(told, due)?;
        leave.check(RunOutcome::NotExecuted)?;
        *self.mouse.lock() = point;
        leave.handled(vec![leave.tab.send(&commands::wheel((point.x, point.y), (by.dx, by.dy)))], TURNED).await?;
        let stands = world.call("afterWheel", &json!({"dx": by.dx, "dy": by.dy}), due.deadline).await?;
        leave.rest(TURNED).await?;
        Ok(stands)
    }

    /// The document whose content a wheel at this point moves, of the innermost frame there that can go further that way; and all
    /// that were told of the wheel.
    async fn wheeled(&self, point: Point, by: Distance, deadline: Instant) -> Result<(World, Vec<World>), Fault> {
        let way = |at: Point| json!({"x": at.x, "y": at.y, "dx": by.dx, "dy": by.dy});
        let mut world = self.world(deadline).await?;
        let mut told = vec![world.clone()];
        let below: Below = world.call("beforeWheel", &way(point), deadline).await?;
        let frames = if below.framed { self.tabs.borrow().other_worlds() } else { Vec::new() };
        for frame in frames {
            // A frame that is gone or too busy is not scrolled now.
            let Ok(inset) = self.inset(&frame, deadline).await else { continue };
            let (way, patience) = (way(inset.inside(point)), deadline.min(Instant::now() + PEEK));
            if frame.peek::<Below>("beforeWheel", &way, patience, deadline).await.is_ok_and(|below| below.moves) {
                world = frame.clone();
            }
            told.push(frame);
        }
        Ok((world, told))
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
