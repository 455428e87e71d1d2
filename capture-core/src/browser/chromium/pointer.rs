//! `click`: aim in one round trip, send the mouse events without waiting for each, and look who received them.

use chromiumoxide::cdp::browser_protocol::input::{DispatchMouseEventType as Kind, MouseButton as Button};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{
    cdp::{CdpError, CdpSession, commands},
    locate::{late, millis_left},
    page::ChromiumPage,
    tab::Leaving,
    tabs::Tabs,
    world::{NoAnswer, World},
};
use crate::{
    action::{ActionResult, Click, Diagnostics, ElementResult, Modifier, MouseButton, Point, Selector, Target},
    browser::Fault,
    error::RunOutcome,
};

/// How long the news of a download may lag behind the navigation it ended.
const DOWNLOAD_LAG: Duration = Duration::from_millis(150);
/// Between two attempts on an element that something else was in front of when the mouse came.
const RETRY: Duration = Duration::from_millis(50);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    blocked_by: Option<String>,
}

impl ChromiumPage {
    pub(super) async fn click(&self, click: &Click, deadline: Instant) -> Result<ActionResult, Fault> {
        let before = self.travels();
        let result = match &click.target {
            Target::At(point) => {
                let session = self.active()?;
                self.press(&session, click, *point, deadline).await?;
                ElementResult { clicked_point: Some(*point), ..ElementResult::default() }
            }
            Target::Element { selector, position } => self.click_element(click, selector, *position, deadline).await?,
        };
        self.arrive(before, deadline).await;
        Ok(ActionResult::Element(Box::new(result)))
    }

    async fn click_element(
        &self,
        click: &Click,
        selector: &Selector,
        position: Option<Point>,
        deadline: Instant,
    ) -> Result<ElementResult, Fault> {
        loop {
            let argument = |timeout: u64| json!({"selector": selector, "position": position, "force": click.force, "timeoutMs": timeout});
            let world = self.world(deadline).await?;
            let seen = self.look("aim", argument, deadline).await?;
            let (diagnostics, seen) = seen.ready(selector, click.timeout)?;
            let point = seen.point.ok_or_else(|| Fault::Protocol("aim told no point".to_owned()))?;
            self.press(&world.session, click, point, deadline).await?;
            match self.verdict(&world, deadline).await? {
                None => {
                    let (diagnostics, clicked_point) = (Some(diagnostics), Some(point));
                    return Ok(ElementResult { diagnostics, clicked_point, value: None });
                }
                Some(blocker) => retry_or_give_up(selector, click, diagnostics, blocker, deadline).await?,
            }
        }
    }

    /// Who received the events instead of the element. A document that is gone has nothing more to say: the click was
    /// received, and led away.
    async fn verdict(&self, world: &World, deadline: Instant) -> Result<Option<String>, Fault> {
        match world.call::<Verdict>("verdict", &(), deadline).await {
            Ok(verdict) => Ok(verdict.blocked_by),
            Err(NoAnswer::Gone) => Ok(None),
            // A click may close its own tab, and a handler may loop: both happened after the click was received.
            Err(NoAnswer::Fault(Fault::Lost(_) | Fault::TimedOut { .. })) => Ok(None),
            Err(NoAnswer::Fault(fault)) => Err(fault),
        }
    }

    /// Moves, presses and releases, all sent at once; the answers come when the page has handled them.
    async fn press(&self, tab: &CdpSession, click: &Click, point: Point, deadline: Instant) -> Result<(), Fault> {
        let modifiers = modifier_bits(&click.modifiers);
        let event = |kind: Kind, button: (Button, i64), count: u32| {
            tab.send(&commands::mouse(kind, (point.x, point.y), button, count, modifiers))
        };
        let (button, held) = match click.button {
            MouseButton::Left => (Button::Left, 1),
            MouseButton::Right => (Button::Right, 2),
            MouseButton::Middle => (Button::Middle, 4),
        };
        let mut handled = vec![event(Kind::MouseMoved, (Button::None, 0), 0)];
        for count in 1..=click.count {
            handled.push(event(Kind::MousePressed, (button.clone(), held), count));
            handled.push(event(Kind::MouseReleased, (button.clone(), 0), count));
        }
        let all = futures::future::try_join_all(handled);
        match tokio::time::timeout_at(deadline, all).await {
            Ok(Ok(_)) => Ok(()),
            // The click closed its own tab, or replaced it.
            Ok(Err(CdpError::PageGone | CdpError::Refused { .. })) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => {
                drop(tab.send(&commands::terminate()));
                Err(Fault::TimedOut {
                    message: format!(
                        "the click was sent, but the page did not handle it within {} ms: a script keeps it busy",
                        click.timeout.as_millis()
                    ),
                    details: serde_json::Map::new(),
                    outcome: RunOutcome::Unknown,
                })
            }
        }
    }

    /// Where the page is on its way to another document since `before`, waits until that has come, or the way has ended.
    async fn arrive(&self, before: (u64, u64), deadline: Instant) {
        let mut tabs = self.tabs.subscribe();
        let stays = |tabs: &Tabs| tabs.lost.is_some() || tabs.active().is_none_or(|tab| tab.leaving == Leaving::No);
        if tokio::time::timeout_at(deadline, tabs.wait_for(stays)).await.is_err() {
            return; // a slow server: the reply says where the page still is
        }
        let (departures, commits) = self.travels();
        if departures > before.0 && commits == before.1 {
            // It went nowhere: a download says so a moment later.
            let offered = tabs.wait_for(|tabs| tabs.noticed.download.is_some() || tabs.lost.is_some());
            let _ = tokio::time::timeout(DOWNLOAD_LAG, offered).await; // none: the server had nothing to show
        }
    }
}

async fn retry_or_give_up(
    selector: &Selector,
    click: &Click,
    mut diagnostics: Diagnostics,
    blocker: String,
    deadline: Instant,
) -> Result<(), Fault> {
    if millis_left(deadline) > u64::try_from(RETRY.as_millis()).unwrap_or(0) {
        tokio::time::sleep(RETRY).await;
        return Ok(());
    }
    let sentence = format!("stayed covered by {blocker}");
    diagnostics.covered_by = Some(blocker);
    Err(late(selector.as_str(), &sentence, "covered", click.timeout, &diagnostics))
}

fn modifier_bits(modifiers: &[Modifier]) -> i64 {
    let bit = |modifier: &Modifier| match modifier {
        Modifier::Alt => 1,
        Modifier::Control => 2,
        Modifier::Meta => 4,
        Modifier::Shift => 8,
    };
    modifiers.iter().fold(0, |bits, modifier| bits | bit(modifier))
}
