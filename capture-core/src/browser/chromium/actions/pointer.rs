//! The `click`, `hover` and `move_mouse` actions. They locate the target in one round trip, send the mouse events
//! without waiting for each one, and check which element received them.
//!
//! How elements are found is decided in `scripts/`.

use chromiumoxide::cdp::browser_protocol::input::{DispatchMouseEventType as Kind, MouseButton as Button};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::input::{Due, Leave};
use crate::{
    action::{
        ActionResult, Click, Diagnostics, ElementResult, Hover, Modifier, MouseButton, MoveMouse, Point, Selector,
        Target,
    },
    browser::{
        BrowserError,
        chromium::{
            cdp::{
                CdpSession, Pending,
                commands::{self, Buttons},
            },
            page::{
                chromium_page::ChromiumPage,
                document::{NoAnswer, World},
                frame_geometry::Reach,
                locate::{late, millis_left},
            },
        },
    },
    error::RunOutcome,
    limits::READ_TIMEOUT,
};

/// What was done, for the error if the page does not handle it.
const CLICKED: &str = "the click was sent";
pub(crate) const MOVED: &str = "the mouse was moved";

/// Pause between two attempts on an element that was covered when the mouse arrived.
const RETRY: Duration = Duration::from_millis(50);

/// What is clicked, and how.
#[derive(Debug)]
pub(crate) struct Aim<'a> {
    pub(crate) selector: &'a Selector,
    pub(crate) position: Option<Point>,
    pub(crate) button: MouseButton,
    pub(crate) count: u32,
    pub(crate) modifiers: &'a [Modifier],
    pub(crate) force: bool,
    /// For a box: the wanted state, so that it is clicked only if it has another state.
    pub(crate) checked: Option<bool>,
    pub(crate) timeout: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClickReceipt {
    blocked_by: Option<String>,
    /// Whether the click requested a download.
    downloads: bool,
    /// Number of events that the page ignored as too late.
    late: u64,
}

impl ChromiumPage {
    pub(crate) async fn click(&self, click: &Click, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let (selector, position) = match &click.target {
            Target::Element { selector, position } => (selector, *position),
            Target::At(point) => {
                let presses = Presses { button: click.button, count: click.count, modifiers: &click.modifiers };
                let leave = self.ask_leave(Some(*point), Due { deadline, timeout: click.timeout }).await?;
                self.press_mouse(&presses, *point, &leave).await?;
                leave.rest(CLICKED).await?;
                return Ok(ElementResult { clicked_point: Some(*point), ..ElementResult::default() }.into());
            }
        };
        let aim = Aim {
            selector,
            position,
            button: click.button,
            count: click.count,
            modifiers: &click.modifiers,
            force: click.force,
            checked: None,
            timeout: click.timeout,
        };
        Ok(self.click_element(&aim, deadline).await?.0.into())
    }

    /// Clicks an element, unless it is a box in the wanted state already. Also returns the document in which it was
    /// found.
    pub(crate) async fn click_element(
        &self,
        aim: &Aim<'_>,
        deadline: Instant,
    ) -> Result<(ElementResult, World), BrowserError> {
        let presses = Presses { button: aim.button, count: aim.count, modifiers: aim.modifiers };
        let due = Due { deadline, timeout: aim.timeout };
        let (mut blocker, mut stays) = (None, false);
        loop {
            let (seen, world) =
                self.look("aim", aim.selector, |timeout| aim.argument(stays, timeout), deadline).await?;
            let (diagnostics, seen) = seen.or_covered(blocker).ready(aim.selector, aim.timeout)?;
            if let Some(away) = seen.away {
                self.move_away(&world, away, due).await?;
                (blocker, stays) = (None, true);
                continue;
            }
            if seen.already {
                return Ok((ElementResult::of(diagnostics), world));
            }
            let point = seen.point.ok_or_else(|| BrowserError::Protocol("aim returned no point".to_owned()))?;
            blocker = match self.reach(&world, point, deadline).await? {
                Reach::Covered(cover) if !aim.force => Some(cover),
                Reach::Covered(_) => return Err(BrowserError::failed_for("frame_covered", "its frame is covered")),
                Reach::At(point) => {
                    let leave = self.leave_for(vec![world.clone()], due)?;
                    self.press_mouse(&presses, point, &leave).await?;
                    match self.verdict(&world, &leave).await? {
                        None => {
                            let clicked_point = Some(point);
                            return Ok((ElementResult { clicked_point, ..ElementResult::of(diagnostics) }, world));
                        }
                        blocker => blocker,
                    }
                }
            };
            if let Some(blocker) = &blocker {
                retry_or_give_up(aim.selector, diagnostics, blocker, due).await?;
            }
        }
    }

    pub(crate) async fn hover(&self, hover: &Hover, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let due = Due { deadline, timeout: hover.timeout };
        let (selector, position) = match &hover.target {
            Target::Element { selector, position } => (selector, *position),
            Target::At(point) => {
                let leave = self.ask_leave(Some(*point), due).await?;
                self.glide(*point, 1, leave).await?;
                return Ok(ElementResult { hovered_point: Some(*point), ..ElementResult::default() }.into());
            }
        };
        let (diagnostics, point, world) = self.find_point(selector, position, true, due).await?;
        self.glide(point, 1, self.leave_for(vec![world], due)?).await?;
        Ok(ElementResult { hovered_point: Some(point), ..ElementResult::of(diagnostics) }.into())
    }

    /// The point at which the mouse reaches an element that is ready. An element that is only hovered may be disabled.
    pub(crate) async fn find_point(
        &self,
        selector: &Selector,
        position: Option<Point>,
        hovers: bool,
        Due { deadline, timeout }: Due,
    ) -> Result<(Diagnostics, Point, World), BrowserError> {
        let (mut blocker, mut stays) = (None, false);
        loop {
            let argument = |timeout: u64| {
                json!({
                    "selector": selector, "position": position, "stays": stays, "hovers": hovers, "timeoutMs": timeout,
                })
            };
            let (seen, world) = self.look("aim", selector, argument, deadline).await?;
            let (diagnostics, seen) = seen.or_covered(blocker).ready(selector, timeout)?;
            if let Some(away) = seen.away {
                self.move_away(&world, away, Due { deadline, timeout }).await?;
                (blocker, stays) = (None, true);
                continue;
            }
            let point = seen.point.ok_or_else(|| BrowserError::Protocol("aim returned no point".to_owned()))?;
            match self.reach(&world, point, deadline).await? {
                Reach::At(point) => return Ok((diagnostics, point, world)),
                Reach::Covered(cover) => {
                    retry_or_give_up(selector, diagnostics, &cover, Due { deadline, timeout }).await?;
                    blocker = Some(cover);
                }
            }
        }
    }

    /// Moves the mouse to a place where it opens nothing that covers other elements.
    async fn move_away(&self, world: &World, away: Point, due: Due) -> Result<(), BrowserError> {
        match self.reach(world, away, due.deadline).await? {
            Reach::At(point) => self.glide(point, 1, self.leave_for(vec![world.clone()], due)?).await,
            Reach::Covered(_) => Ok(()),
        }
    }

    pub(crate) async fn move_mouse(
        &self,
        movement: MoveMouse,
        deadline: Instant,
    ) -> Result<ActionResult, BrowserError> {
        let leave = self.ask_leave(Some(movement.to), Due { deadline, timeout: READ_TIMEOUT }).await?;
        self.glide(movement.to, movement.steps, leave).await?;
        Ok(ActionResult::Mouse(movement.to))
    }

    /// Moves the mouse in a straight line, in this number of movements.
    async fn glide(&self, to: Point, steps: u32, leave: Leave) -> Result<(), BrowserError> {
        let from = *self.mouse.lock();
        let mut outcome = RunOutcome::NotExecuted;
        for point in between(from, to, steps) {
            leave.check(outcome)?;
            outcome = RunOutcome::Unknown;
            *self.mouse.lock() = point;
            // The movements are sent one by one, because a page gets several unanswered movements as one.
            leave.handled(vec![send_move(&leave.tab, point, Buttons::NONE)], MOVED).await?;
        }
        leave.rest(MOVED).await
    }

    /// The element that received the events instead of the target. If the document is gone, the click was received and
    /// led away.
    async fn verdict(&self, world: &World, leave: &Leave) -> Result<Option<String>, BrowserError> {
        let near = leave.is_near_its_end();
        match world.call::<ClickReceipt>("verdict", &(), leave.due.deadline).await {
            Ok(ClickReceipt { late: 1.., .. }) => Err(leave.unhandled(CLICKED)),
            Ok(verdict) => {
                if verdict.downloads {
                    self.download_told().await;
                }
                Ok(verdict.blocked_by)
            }
            Err(NoAnswer::Late) if near => Err(leave.unhandled(CLICKED)),
            // A click may close its own tab, and a handler may not return. Both happen after the click was received.
            Err(NoAnswer::Gone | NoAnswer::Late | NoAnswer::Failed(BrowserError::Lost(_))) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Sends move, press and release at once; the answers arrive when the page has handled them.
    async fn press_mouse(&self, presses: &Presses<'_>, point: Point, leave: &Leave) -> Result<(), BrowserError> {
        leave.check(RunOutcome::NotExecuted)?;
        *self.mouse.lock() = point;
        let modifiers = modifier_bits(presses.modifiers);
        let event = |kind: Kind, buttons: Buttons| {
            leave.tab.send(&commands::mouse(kind, (point.x, point.y), buttons, modifiers))
        };
        let (button, pressed) = match presses.button {
            MouseButton::Left => (Button::Left, 1),
            MouseButton::Right => (Button::Right, 2),
            MouseButton::Middle => (Button::Middle, 4),
        };
        let mut sent = vec![event(Kind::MouseMoved, Buttons::NONE)];
        for count in 1..=presses.count {
            sent.push(event(Kind::MousePressed, Buttons { button: button.clone(), pressed, count }));
            sent.push(event(Kind::MouseReleased, Buttons { button: button.clone(), pressed: 0, count }));
        }
        leave.handled(sent, CLICKED).await
    }
}

impl Aim<'_> {
    fn argument(&self, stays: bool, timeout: u64) -> Value {
        let mut argument = json!({
            "selector": self.selector, "position": self.position, "force": self.force, "arms": true, "stays": stays,
            "timeoutMs": timeout,
        });
        if let (Some(checked), Value::Object(fields)) = (self.checked, &mut argument) {
            fields.insert("checked".to_owned(), checked.into());
        }
        argument
    }
}

/// The button, the number of clicks, and the keys held.
struct Presses<'a> {
    button: MouseButton,
    count: u32,
    modifiers: &'a [Modifier],
}

/// Sends one movement, with what is held during it.
pub(crate) fn send_move(tab: &CdpSession, point: Point, buttons: Buttons) -> Pending {
    tab.send(&commands::mouse(Kind::MouseMoved, (point.x, point.y), buttons, 0))
}

/// The points of a straight line, without its first one.
pub(crate) fn between(from: Point, to: Point, steps: u32) -> impl Iterator<Item = Point> {
    (1..=steps).map(move |step| {
        let share = f64::from(step) / f64::from(steps);
        Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
    })
}

async fn retry_or_give_up(
    selector: &Selector,
    mut diagnostics: Diagnostics,
    blocker: &str,
    Due { deadline, timeout }: Due,
) -> Result<(), BrowserError> {
    if millis_left(deadline) > u64::try_from(RETRY.as_millis()).unwrap_or(0) {
        tokio::time::sleep(RETRY).await;
        return Ok(());
    }
    let sentence = format!("stayed covered by {blocker}");
    diagnostics.covered_by = Some(blocker.to_owned());
    Err(late(selector.as_str(), &sentence, "covered", timeout, &diagnostics))
}

pub(crate) fn modifier_bits(modifiers: &[Modifier]) -> i64 {
    let bit = |modifier: &Modifier| match modifier {
        Modifier::Alt => 1,
        Modifier::Control => 2,
        Modifier::Meta => 4,
        Modifier::Shift => 8,
    };
    modifiers.iter().fold(0, |bits, modifier| bits | bit(modifier))
}
