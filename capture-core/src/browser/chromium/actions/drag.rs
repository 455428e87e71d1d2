//! The `drag_mouse` action: presses, moves along the path and releases. If the page lets the browser carry out a drag,
//! this code does so in place of the browser, because a browser without a screen does not.
//!
//! This module must not know what is dragged.

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchDragEventType, DispatchMouseEventParams, DispatchMouseEventType as Kind, DragData, MouseButton as Button,
};
use tokio::time::{Duration, Instant, sleep_until, timeout_at};

use super::{
    input::{Due, Leave},
    pointer::{MOVED, between, send_move},
};
use crate::{
    action::{ActionResult, DragMouse, DragPath, DragResult, Point, Selector},
    browser::{
        BrowserError,
        chromium::{
            cdp::commands::{self, Buttons},
            page::chromium_page::ChromiumPage,
        },
    },
    error::RunOutcome,
};

/// How long the event of a drag that the page began may lag behind the movement that began it.
const DRAG_LAG: Duration = Duration::from_millis(500);
/// What was done, for the error if the page does not handle it.
const RELEASED: &str = "the button was released";
/// How often the target may change its layout during the drag before the drop happens anyway.
const RESTS: u32 = 3;
/// The left button, pressed.
const HELD: Buttons = Buttons { button: Button::Left, pressed: 1, count: 0 };

/// Releases the left button.
fn release(at: Point) -> DispatchMouseEventParams {
    commands::mouse(Kind::MouseReleased, (at.x, at.y), Buttons { pressed: 0, count: 1, ..HELD }, 0)
}

impl ChromiumPage {
    pub(crate) async fn drag_mouse(&self, drag: &DragMouse, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let due = Due { deadline, timeout: drag.timeout };
        let (points, target) = match &drag.path {
            DragPath::Points(points) => (points.clone(), None),
            DragPath::Elements(from, to) => {
                let (_, start, _) = self.find_point(from, None, false, due).await?;
                (vec![start], Some(to))
            }
        };
        let Some(from) = points.first().copied() else {
            return Err(BrowserError::Protocol("a drag without points".into()));
        };
        let tab = self.active()?;
        drop(tab.send(&commands::intercept_drags(true)));
        let dragged = self.drag(drag, points, target, due).await;
        drop(tab.send(&commands::intercept_drags(false)));
        if dragged.is_err() {
            // Whatever failed, the button is released and the drag is cancelled.
            let carried = self.tabs.borrow().noticed.drag.clone();
            if let Some(data) = carried {
                drop(tab.send(&commands::drag(DispatchDragEventType::DragCancel, (from.x, from.y), data)));
            }
            drop(tab.send(&release(from)));
        }
        let (to, points) = dragged?;
        *self.mouse.lock() = to;
        Ok(ActionResult::Drag(DragResult { from, to, points }))
    }

    async fn drag(
        &self,
        drag: &DragMouse,
        mut points: Vec<Point>,
        target: Option<&Selector>,
        due: Due,
    ) -> Result<(Point, usize), BrowserError> {
        let Some(from) = points.first().copied() else {
            return Err(BrowserError::Protocol("a drag without points".into()));
        };
        if let Some(selector) = target {
            // The end is located before pressing, because the page must not be scrolled while the button is pressed.
            // Scrolling to the end may move the start.
            let (_, end, _) = self.find_point(selector, None, false, due).await?;
            points.push(end);
        }
        let leave = self.ask_leave(Some(from), due).await?;
        let _: bool = self.call("watchDrag", &(), due.deadline).await?;
        leave.check(RunOutcome::NotExecuted)?;
        let press = commands::mouse(Kind::MousePressed, (from.x, from.y), Buttons { count: 1, ..HELD }, 0);
        let pressed = vec![send_move(&leave.tab, from, Buttons::NONE), leave.tab.send(&press)];
        leave.handled(pressed, "the button was pressed").await?;
        sleep_until(due.deadline.min(Instant::now() + drag.hold)).await;
        let legs = points.iter().zip(points.iter().skip(1));
        let way: Vec<Point> = legs.flat_map(|(from, to)| between(*from, *to, drag.steps)).collect();
        let last = way.last().copied().unwrap_or(from);
        let carried = self.along(&leave, &way, drag.duration).await?;
        leave.check(RunOutcome::Unknown)?;
        if let Some(data) = carried {
            self.hold_over(&leave, last, &data).await?;
            carry(&leave, DispatchDragEventType::Drop, last, &data, "the drag was dropped").await?;
        }
        leave.handled(vec![leave.tab.send(&release(last))], RELEASED).await?;
        leave.rest(RELEASED).await?;
        Ok((last, points.len()))
    }

    /// Moves along the path at an even pace, with the mouse, or with drag events from the point at which the browser
    /// has to carry out the drag. Returns what is dragged at the end.
    async fn along(&self, leave: &Leave, way: &[Point], duration: Duration) -> Result<Option<DragData>, BrowserError> {
        let pace = duration / u32::try_from(way.len()).unwrap_or(u32::MAX).max(1);
        let mut next = Instant::now();
        let mut watched = true;
        let mut carried = None;
        for point in way {
            leave.check(RunOutcome::Unknown)?;
            match &carried {
                Some(data) => drag_over(leave, *point, data).await?,
                None => {
                    leave.handled(vec![send_move(&leave.tab, *point, HELD)], MOVED).await?;
                    if watched {
                        (carried, watched) = self.carried(leave.due.deadline).await?;
                    }
                    if let Some(data) = &carried {
                        carry(leave, DispatchDragEventType::DragEnter, *point, data, "the drag began").await?;
                        drag_over(leave, *point, data).await?;
                    }
                }
            }
            next += pace;
            sleep_until(leave.due.deadline.min(next)).await;
        }
        Ok(carried)
    }

    /// Waits before the drop so that the page can make room. Browsers repeatedly tell a page that something is held
    /// over it.
    async fn hold_over(&self, leave: &Leave, at: Point, data: &DragData) -> Result<(), BrowserError> {
        for _ in 0..RESTS {
            let moved = self.call::<bool>("madeRoom", &(), leave.due.deadline).await.unwrap_or(false);
            drag_over(leave, at, data).await?;
            if !moved {
                break;
            }
        }
        Ok(())
    }

    /// The data of a drag that the browser has to carry out, if the page began one, and whether one may still begin.
    async fn carried(&self, deadline: Instant) -> Result<(Option<DragData>, bool), BrowserError> {
        let noticed = self.tabs.borrow().noticed.drag.clone();
        if noticed.is_some() {
            return Ok((noticed, true));
        }
        match self.call::<bool>("dragBegan", &(), deadline).await {
            Ok(true) => {}
            Ok(false) => return Ok((None, true)),
            Err(_) => return Ok((None, false)), // the document is gone, so nothing of it is dragged
        }
        let mut tabs = self.tabs.subscribe();
        let told = tabs.wait_for(|tabs| tabs.noticed.drag.is_some() || tabs.lost.is_some());
        let told = timeout_at(deadline.min(Instant::now() + DRAG_LAG), told).await;
        Ok((told.ok().and_then(Result::ok).and_then(|tabs| tabs.noticed.drag.clone()), false))
    }
}

async fn drag_over(leave: &Leave, at: Point, data: &DragData) -> Result<(), BrowserError> {
    carry(leave, DispatchDragEventType::DragOver, at, data, "the drag was carried on").await
}

/// Sends one event of a drag that the browser has to carry out.
async fn carry(
    leave: &Leave,
    kind: DispatchDragEventType,
    at: Point,
    data: &DragData,
    what: &str,
) -> Result<(), BrowserError> {
    leave.check(RunOutcome::Unknown)?;
    leave.handled(vec![leave.tab.send(&commands::drag(kind, (at.x, at.y), data.clone()))], what).await
}
