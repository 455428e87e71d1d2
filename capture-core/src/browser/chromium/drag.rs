//! `drag_mouse`: pressed, moved along, released. Where the page lets the browser carry a drag out, we carry it out: a
//! browser without a screen does not.

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchDragEventType, DispatchMouseEventParams, DispatchMouseEventType as Kind, DragData, MouseButton as Button,
};
use tokio::time::{Duration, Instant};

use super::{
    cdp::commands,
    input::{Due, Leave},
    page::ChromiumPage,
    pointer::{MOVED, between, send_move},
};
use crate::{
    action::{ActionResult, DragMouse, DragPath, DragResult, Point, Selector},
    browser::Fault,
    error::RunOutcome,
};

/// How long the news of a drag the page began may lag behind the movement that began it.
const DRAG_LAG: Duration = Duration::from_millis(500);
/// What was done when the page does not handle it.
const RELEASED: &str = "the button was released";
/// The left button, held.
const HELD: (Button, i64) = (Button::Left, 1);

/// The left button let go.
fn release(at: Point) -> DispatchMouseEventParams {
    commands::mouse(Kind::MouseReleased, (at.x, at.y), (Button::Left, 0), 1, 0)
}

impl ChromiumPage {
    pub(super) async fn drag_mouse(&self, drag: &DragMouse, deadline: Instant) -> Result<ActionResult, Fault> {
        let due = Due { deadline, timeout: drag.timeout };
        let (points, target) = match &drag.path {
            DragPath::Points(points) => (points.clone(), None),
            DragPath::Elements(from, to) => {
                let (_, start, _) = self.find_point(from, None, due).await?;
                (vec![start], Some(to))
            }
        };
        let Some(from) = points.first().copied() else { return Err(Fault::Protocol("a drag without points".into())) };
        let tab = self.active()?;
        drop(tab.send(&commands::intercept_drags(true)));
        let dragged = self.drag(drag.steps, (points, target), due).await;
        drop(tab.send(&commands::intercept_drags(false)));
        if dragged.is_err() {
            // Wherever it failed, the button is not held any longer.
            drop(tab.send(&release(from)));
        }
        let (to, points) = dragged?;
        *self.mouse.lock() = to;
        Ok(ActionResult::Drag(DragResult { from, to, points }))
    }

    async fn drag(
        &self,
        steps: u32,
        (mut points, target): (Vec<Point>, Option<&Selector>),
        due: Due,
    ) -> Result<(Point, usize), Fault> {
        let Some(from) = points.first().copied() else { return Err(Fault::Protocol("a drag without points".into())) };
        if let Some(selector) = target {
            // Looked for before pressing: once the button is held the page must not be scrolled. The start may move with it.
            let (_, end, _) = self.find_point(selector, None, due).await?;
            points.push(end);
        }
        let leave = self.ask_leave(Some(from), due).await?;
        let _: bool = self.call("watchDrag", &(), due.deadline).await?;
        leave.check(RunOutcome::NotExecuted)?;
        let press = commands::mouse(Kind::MousePressed, (from.x, from.y), HELD, 1, 0);
        let pressed = vec![send_move(&leave.tab, from, (Button::None, 0)), leave.tab.send(&press)];
        leave.handled(pressed, "the button was pressed").await?;
        let legs = points.iter().zip(points.iter().skip(1));
        let mut way = legs.flat_map(|(from, to)| between(*from, *to, steps));
        let mut last = from;
        // A page begins a drag with the first movements.
        for point in way.by_ref().take(2) {
            last = point;
            drag_on(&leave, point).await?;
        }
        match self.carried(due.deadline).await? {
            Some(data) => {
                last = carry(&leave, data, (last, way)).await?;
            }
            None => {
                for point in way {
                    last = point;
                    drag_on(&leave, point).await?;
                }
            }
        }
        leave.handled(vec![leave.tab.send(&release(last))], RELEASED).await?;
        leave.rest(RELEASED).await?;
        Ok((last, points.len()))
    }

    /// What is dragged, where the page began a drag that the browser is to carry out.
    async fn carried(&self, deadline: Instant) -> Result<Option<DragData>, Fault> {
        let began: bool = self.call("dragBegan", &(), deadline).await?;
        if !began {
            return Ok(None);
        }
        let mut tabs = self.tabs.subscribe();
        let told = tabs.wait_for(|tabs| tabs.noticed.drag.is_some() || tabs.lost.is_some());
        let told = tokio::time::timeout_at(deadline.min(Instant::now() + DRAG_LAG), told).await;
        Ok(told.ok().and_then(Result::ok).and_then(|tabs| tabs.noticed.drag.clone()))
    }
}

/// Moves with the button held.
async fn drag_on(leave: &Leave, point: Point) -> Result<(), Fault> {
    leave.check(RunOutcome::Unknown)?;
    leave.handled(vec![send_move(&leave.tab, point, HELD)], MOVED).await
}

async fn carry(
    leave: &Leave,
    data: DragData,
    (from, way): (Point, impl Iterator<Item = Point>),
) -> Result<Point, Fault> {
    leave.check(RunOutcome::Unknown)?;
    let step =
        |kind: DispatchDragEventType, at: Point| leave.tab.send(&commands::drag(kind, (at.x, at.y), data.clone()));
    let mut last = from;
    let mut sent = vec![step(DispatchDragEventType::DragEnter, from)];
    for point in way {
        sent.push(step(DispatchDragEventType::DragOver, point));
        last = point;
    }
    sent.push(step(DispatchDragEventType::DragOver, last));
    sent.push(step(DispatchDragEventType::Drop, last));
    leave.handled(sent, "the drag was carried out").await?;
    Ok(last)
}
