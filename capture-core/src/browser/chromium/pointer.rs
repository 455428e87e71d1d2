//! `click`, `hover`, `move_mouse`: aim in one round trip, send the mouse events without waiting for each, and look who
//! received them.

use chromiumoxide::cdp::browser_protocol::input::{DispatchMouseEventType as Kind, MouseButton as Button};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::{
    cdp::{CdpError, CdpSession, Pending, commands},
    inset::Reach,
    locate::{late, millis_left},
    page::ChromiumPage,
    world::{NoAnswer, World},
};
use crate::{
    action::{
        ActionResult, Click, Diagnostics, ElementResult, Hover, Modifier, MouseButton, MoveMouse, Point, Selector,
        Target,
    },
    browser::Fault,
    error::RunOutcome,
    limits::READ_TIMEOUT,
};

/// Between two attempts on an element that something else was in front of when the mouse came.
const RETRY: Duration = Duration::from_millis(50);

/// Until when, and how long that was when the action began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) deadline: Instant,
    pub(super) timeout: Duration,
}

/// What is to be clicked, and how.
#[derive(Debug)]
pub(super) struct Aim<'a> {
    pub(super) selector: &'a Selector,
    pub(super) position: Option<Point>,
    pub(super) button: MouseButton,
    pub(super) count: u32,
    pub(super) modifiers: &'a [Modifier],
    pub(super) force: bool,
    /// It is a box to be clicked only where it is not so already.
    pub(super) checked: Option<bool>,
    pub(super) timeout: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    blocked_by: Option<String>,
    /// A download was asked for.
    downloads: bool,
}

impl ChromiumPage {
    pub(super) async fn click(&self, click: &Click, deadline: Instant) -> Result<ActionResult, Fault> {
        let (selector, position) = match &click.target {
            Target::Element { selector, position } => (selector, *position),
            Target::At(point) => {
                let presses = Presses { button: click.button, count: click.count, modifiers: &click.modifiers };
                self.press_mouse(&presses, *point, Due { deadline, timeout: click.timeout }).await?;
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

    /// Clicks an element, or nothing where it is as wanted already; with the document it was found in.
    pub(super) async fn click_element(
        &self,
        aim: &Aim<'_>,
        deadline: Instant,
    ) -> Result<(ElementResult, World), Fault> {
        let presses = Presses { button: aim.button, count: aim.count, modifiers: aim.modifiers };
        let due = Due { deadline, timeout: aim.timeout };
        let mut stays = false;
        loop {
            let (seen, world) =
                self.look("aim", aim.selector, |timeout| aim.argument(stays, timeout), deadline).await?;
            let (diagnostics, seen) = seen.ready(aim.selector, aim.timeout)?;
            if let Some(away) = seen.away {
                self.move_away(&world, away, due).await?;
                stays = true;
                continue;
            }
            if seen.already {
                return Ok((ElementResult::of(diagnostics), world));
            }
            let point = seen.point.ok_or_else(|| Fault::Protocol("aim told no point".to_owned()))?;
            let blocker = match self.reach(&world, point, deadline).await? {
                Reach::Covered(cover) if !aim.force => Some(cover),
                Reach::Covered(_) => return Err(Fault::failed_for("frame_covered", "its frame is covered")),
                Reach::At(point) => {
                    self.press_mouse(&presses, point, due).await?;
                    match self.verdict(&world, deadline).await? {
                        None => {
                            let clicked_point = Some(point);
                            return Ok((ElementResult { clicked_point, ..ElementResult::of(diagnostics) }, world));
                        }
                        blocker => blocker,
                    }
                }
            };
            if let Some(blocker) = blocker {
                retry_or_give_up(aim.selector, diagnostics, blocker, due).await?;
            }
        }
    }

    pub(super) async fn hover(&self, hover: &Hover, deadline: Instant) -> Result<ActionResult, Fault> {
        let due = Due { deadline, timeout: hover.timeout };
        let (selector, position) = match &hover.target {
            Target::Element { selector, position } => (selector, *position),
            Target::At(point) => {
                self.glide(*point, 1, due).await?;
                return Ok(ElementResult { hovered_point: Some(*point), ..ElementResult::default() }.into());
            }
        };
        let (diagnostics, point) = self.find_point(selector, position, true, due).await?;
        self.glide(point, 1, due).await?;
        Ok(ElementResult { hovered_point: Some(point), ..ElementResult::of(diagnostics) }.into())
    }

    /// Where the mouse reaches an element that is ready for it; one that is only hovered may be disabled.
    pub(super) async fn find_point(
        &self,
        selector: &Selector,
        position: Option<Point>,
        hovers: bool,
        Due { deadline, timeout }: Due,
    ) -> Result<(Diagnostics, Point), Fault> {
        let mut stays = false;
        loop {
            let argument = |timeout: u64| {
                json!({
                    "selector": selector, "position": position, "stays": stays, "hovers": hovers, "timeoutMs": timeout,
                })
            };
            let (seen, world) = self.look("aim", selector, argument, deadline).await?;
            let (diagnostics, seen) = seen.ready(selector, timeout)?;
            if let Some(away) = seen.away {
                self.move_away(&world, away, Due { deadline, timeout }).await?;
                stays = true;
                continue;
            }
            let point = seen.point.ok_or_else(|| Fault::Protocol("aim told no point".to_owned()))?;
            match self.reach(&world, point, deadline).await? {
                Reach::At(point) => return Ok((diagnostics, point)),
                Reach::Covered(cover) => {
                    retry_or_give_up(selector, diagnostics, cover, Due { deadline, timeout }).await?;
                }
            }
        }
    }

    /// Moves the mouse to where it brings nothing that covers others.
    async fn move_away(&self, world: &World, away: Point, due: Due) -> Result<(), Fault> {
        match self.reach(world, away, due.deadline).await? {
            Reach::At(point) => self.glide(point, 1, due).await,
            Reach::Covered(_) => Ok(()),
        }
    }

    pub(super) async fn move_mouse(&self, movement: MoveMouse, deadline: Instant) -> Result<ActionResult, Fault> {
        self.glide(movement.to, movement.steps, Due { deadline, timeout: READ_TIMEOUT }).await?;
        Ok(ActionResult::Mouse(movement.to))
    }

    /// Moves the mouse in a straight line, in so many movements.
    async fn glide(&self, to: Point, steps: u32, due: Due) -> Result<(), Fault> {
        let tab = self.active()?;
        let from = std::mem::replace(&mut *self.mouse.lock(), to);
        for point in between(from, to, steps) {
            // One by one: movements under way at once are one movement to the page.
            let moved = vec![send_move(&tab, point, (Button::None, 0))];
            self.handled(&tab, moved, "the mouse was moved", due).await?;
        }
        Ok(())
    }

    /// Who received the events instead of the element. A document that is gone has nothing more to say: the click was
    /// received, and led away.
    async fn verdict(&self, world: &World, deadline: Instant) -> Result<Option<String>, Fault> {
        match world.call::<Verdict>("verdict", &(), deadline).await {
            Ok(verdict) => {
                if verdict.downloads {
                    self.download_told().await;
                }
                Ok(verdict.blocked_by)
            }
            // A click may close its own tab, and a handler may loop: both happened after the click was received.
            Err(NoAnswer::Gone | NoAnswer::Late | NoAnswer::Fault(Fault::Lost(_))) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Moves, presses and releases, all sent at once; the answers come when the page has handled them.
    async fn press_mouse(&self, presses: &Presses<'_>, point: Point, due: Due) -> Result<(), Fault> {
        let tab = self.active()?;
        *self.mouse.lock() = point;
        let modifiers = modifier_bits(presses.modifiers);
        let event = |kind: Kind, button: (Button, i64), count: u32| {
            tab.send(&commands::mouse(kind, (point.x, point.y), button, count, modifiers))
        };
        let (button, held) = match presses.button {
            MouseButton::Left => (Button::Left, 1),
            MouseButton::Right => (Button::Right, 2),
            MouseButton::Middle => (Button::Middle, 4),
        };
        let mut sent = vec![event(Kind::MouseMoved, (Button::None, 0), 0)];
        for count in 1..=presses.count {
            sent.push(event(Kind::MousePressed, (button.clone(), held), count));
            sent.push(event(Kind::MouseReleased, (button.clone(), 0), count));
        }
        self.handled(&tab, sent, "the click was sent", due).await
    }

    /// Waits until the page has handled input that was sent.
    pub(super) async fn handled(
        &self,
        tab: &CdpSession,
        sent: Vec<Pending>,
        what: &str,
        due: Due,
    ) -> Result<(), Fault> {
        match tokio::time::timeout_at(due.deadline, futures::future::try_join_all(sent)).await {
            Ok(Ok(_)) => Ok(()),
            // The input closed its own tab, or replaced it.
            Ok(Err(CdpError::PageGone | CdpError::Refused { .. })) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => {
                drop(tab.send(&commands::terminate()));
                let millis = due.timeout.as_millis();
                Err(Fault::TimedOut {
                    message: format!(
                        "{what}, but the page did not handle it within {millis} ms: a script keeps it busy"
                    ),
                    details: serde_json::Map::new(),
                    outcome: RunOutcome::Unknown,
                })
            }
        }
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

/// Which button, how often, with which keys held.
struct Presses<'a> {
    button: MouseButton,
    count: u32,
    modifiers: &'a [Modifier],
}

/// One movement, with what is held meanwhile.
pub(super) fn send_move(tab: &CdpSession, point: Point, button: (Button, i64)) -> Pending {
    tab.send(&commands::mouse(Kind::MouseMoved, (point.x, point.y), button, 0, 0))
}

/// The points of a straight line after its first one.
pub(super) fn between(from: Point, to: Point, steps: u32) -> impl Iterator<Item = Point> {
    (1..=steps).map(move |step| {
        let share = f64::from(step) / f64::from(steps);
        Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
    })
}

async fn retry_or_give_up(
    selector: &Selector,
    mut diagnostics: Diagnostics,
    blocker: String,
    Due { deadline, timeout }: Due,
) -> Result<(), Fault> {
    if millis_left(deadline) > u64::try_from(RETRY.as_millis()).unwrap_or(0) {
        tokio::time::sleep(RETRY).await;
        return Ok(());
    }
    let sentence = format!("stayed covered by {blocker}");
    diagnostics.covered_by = Some(blocker);
    Err(late(selector.as_str(), &sentence, "covered", timeout, &diagnostics))
}

pub(super) fn modifier_bits(modifiers: &[Modifier]) -> i64 {
    let bit = |modifier: &Modifier| match modifier {
        Modifier::Alt => 1,
        Modifier::Control => 2,
        Modifier::Meta => 4,
        Modifier::Shift => 8,
    };
    modifiers.iter().fold(0, |bits, modifier| bits | bit(modifier))
}
