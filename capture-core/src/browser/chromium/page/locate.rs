//! The results of scripts that wait for elements, and the messages made of them. The waiting itself is in `scripts/`.
//!
//! This module must not know what is done with an element.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    chromium_page::ChromiumPage,
    document::{NoAnswer, World},
};
use crate::{
    action::{Diagnostics, Point, Rect, Selector},
    browser::BrowserError,
    error::RunOutcome,
};
use tokio::time::{Duration, Instant};

/// Timeout for a frame that is only checked and not waited in.
pub(crate) const PEEK: Duration = Duration::from_millis(500);
/// Interval at which all frames are checked.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The result of a script that waits for an element.
#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    done: bool,
    /// Nothing matches in this document, but it has frames.
    #[serde(default)]
    elsewhere: bool,
    /// Nothing matches in this document, but this many elements may have a closed shadow root.
    #[serde(default)]
    hosts: usize,
    /// Why the selector is invalid.
    invalid: Option<String>,
    /// The element of the ref is gone.
    #[serde(default)]
    stale: bool,
    /// Why the action is not possible on this element, however long one waits.
    refused: Option<String>,
    reason: Option<String>,
    /// What was still missing when the time was up.
    why: Option<String>,
    /// The option that was not found.
    missing: Option<String>,
    diagnostics: Option<Diagnostics>,
    /// There is nothing to do.
    #[serde(default)]
    pub(crate) already: bool,
    pub(crate) point: Option<Point>,
    /// Where to move the mouse, if the element is covered by something that the mouse may have opened.
    pub(crate) away: Option<Point>,
    pub(crate) value: Option<String>,
    /// The element is an editor, focused and selected, that accepts text only by the browser's input.
    pub(crate) editor: Option<Editor>,
    pub(crate) selected: Option<Vec<String>>,
    pub(crate) area: Option<Rect>,
    pub(crate) scroll: Option<Standing>,
    /// Nothing in the page scrolls in this direction: where to turn the mouse wheel instead.
    pub(crate) wheel: Option<Turn>,
}

/// The scroll position of an element.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    pub(crate) scroll_x: f64,
    pub(crate) scroll_y: f64,
    pub(crate) at_end: bool,
}

/// Where to turn a mouse wheel, and whether it is meant for the whole page.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Turn {
    #[serde(flatten)]
    pub(crate) point: Point,
    pub(crate) meant: bool,
}

/// How an editor is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Editor {
    /// The element itself is edited.
    Rich,
    /// The element is a part of what is edited.
    Part,
    /// The element is a hidden field through which a code editor receives its keys.
    Proxy,
}

/// The remaining time in milliseconds for which a script may wait.
pub(crate) fn millis_left(deadline: Instant) -> u64 {
    let left = deadline.saturating_duration_since(Instant::now());
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
}

impl Seen {
    /// The diagnostics of an element that became ready, or the error why it did not.
    pub(crate) fn ready(self, selector: &Selector, timeout: Duration) -> Result<(Diagnostics, Self), BrowserError> {
        let shown = shown(selector);
        if let Some(why) = &self.invalid {
            return Err(invalid(selector, why));
        }
        if self.stale {
            return Err(stale(selector));
        }
        let Some(diagnostics) = self.diagnostics.clone() else {
            return Err(BrowserError::Protocol("a script told nothing of its element".to_owned()));
        };
        let refuse = |why: &str, reason: Option<&str>| BrowserError::Failed {
            message: format!("{shown:?}: {why}"),
            reason: reason.map(str::to_owned),
            details: fields(&diagnostics),
            outcome: RunOutcome::NotExecuted,
        };
        if let Some(why) = &self.refused {
            return Err(refuse(why, self.reason.as_deref()));
        }
        if self.done {
            return Ok((diagnostics, self));
        }
        if let Some(missing) = &self.missing {
            let waited = timeout.as_millis();
            return Err(refuse(&format!("has no option with {missing} (waited {waited} ms)"), Some("no_such_option")));
        }
        if self.is_late() {
            let millis = timeout.as_millis();
            return Err(BrowserError::TimedOut {
                message: format!("{shown:?} became ready when nothing was left of {millis} ms"),
                details: fields(&diagnostics),
                outcome: RunOutcome::NotExecuted,
            });
        }
        let why = self.why.as_deref().unwrap_or("not_found");
        Err(late(&shown, &sentence(why, &diagnostics), why, timeout, &diagnostics))
    }

    /// Whether the element became ready only when no time was left.
    pub(crate) fn is_late(&self) -> bool {
        self.why.as_deref() == Some("late")
    }

    /// If the element became ready too late, reports what covered it before, since that is what the action waited for.
    pub(crate) fn or_covered(mut self, blocker: Option<String>) -> Self {
        if let (true, Some(blocker), Some(diagnostics)) = (self.is_late(), blocker, &mut self.diagnostics) {
            self.why = Some("covered".to_owned());
            diagnostics.covered_by = Some(blocker);
        }
        self
    }

    fn is_about_something(&self) -> bool {
        self.invalid.is_some() || self.stale || self.diagnostics.as_ref().is_some_and(|seen| seen.matched)
    }
}

/// The selector, cut for messages.
fn shown(selector: &Selector) -> String {
    selector.as_str().chars().take(120).collect()
}

pub(crate) fn invalid(selector: &Selector, why: &str) -> BrowserError {
    BrowserError::Invalid(format!("payload.selector {:?} is not valid: {why}", shown(selector)))
}

/// The error for a ref whose element is gone. A ref never resolves to another element.
pub(crate) fn stale(selector: &Selector) -> BrowserError {
    BrowserError::failed_for("stale_ref", format!("stale ref {}: take a new snapshot", shown(selector)))
}

/// The error for an action that ran out of time, with everything that was seen.
pub(crate) fn late(
    selector: &str,
    sentence: &str,
    why: &str,
    timeout: Duration,
    diagnostics: &Diagnostics,
) -> BrowserError {
    let mut details = fields(diagnostics);
    details.insert("waitingFor".to_owned(), why.into());
    BrowserError::TimedOut {
        message: format!("{selector:?} {sentence} within {} ms", timeout.as_millis()),
        details,
        outcome: RunOutcome::NotExecuted,
    }
}

fn sentence(why: &str, diagnostics: &Diagnostics) -> String {
    match why {
        "not_found" => "did not appear".to_owned(),
        "not_visible" => "is in the document but did not become visible".to_owned(),
        "still_visible" => "stayed visible".to_owned(),
        "still_there" => "stayed in the document".to_owned(),
        "not_as_wanted" => "did not stay as it was clicked to be".to_owned(),
        "disabled" => "stayed disabled".to_owned(),
        "moving" => "did not stop moving".to_owned(),
        "out_of_view" => "could not be scrolled into view".to_owned(),
        "covered" => {
            format!("stayed covered by {}", diagnostics.covered_by.as_deref().unwrap_or("another element"))
        }
        other => format!("did not become ready ({other})"),
    }
}

fn fields(diagnostics: &Diagnostics) -> Map<String, Value> {
    match serde_json::to_value(diagnostics) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

impl ChromiumPage {
    /// The document that issued this ref, if it still exists.
    pub(crate) fn world_of_ref(&self, number: u32) -> Option<World> {
        let refs = self.refs.lock();
        self.tabs.borrow().world_of(refs.world(number)?)
    }

    /// Calls a script for the element of a selector, first in the main frame and then in the others. It is only for
    /// scripts that change nothing before they answer, since a replaced document is asked again.
    pub(crate) async fn look(
        &self,
        function: &str,
        selector: &Selector,
        argument: impl Fn(u64) -> Value,
        deadline: Instant,
    ) -> Result<(Seen, World), BrowserError> {
        loop {
            let world = match selector.reference() {
                Some(reference) => self.world_of_ref(reference).ok_or_else(|| stale(selector))?,
                None => self.world(deadline).await?,
            };
            let seen: Seen = match world.call(function, &argument(millis_left(deadline)), deadline).await {
                Ok(seen) => seen,
                Err(NoAnswer::Gone) => {
                    self.outdated(&world);
                    continue;
                }
                Err(other) => return Err(other.into()),
            };
            if seen.hosts > 0 && self.open_closed(&world, deadline.min(Instant::now() + PEEK)).await {
                continue;
            }
            if seen.hosts > 0 && !seen.elsewhere && millis_left(deadline) > 0 {
                continue; // no element has a closed root, and none is asked about twice
            }
            if !seen.elsewhere {
                return self.placed(seen, world, deadline).await;
            }
            if let Some((seen, world)) = self.look_into_frames(function, &argument, deadline).await? {
                return self.placed(seen, world, deadline).await;
            }
            if seen.done || millis_left(deadline) == 0 {
                return Ok((seen, world));
            }
            tokio::time::sleep_until(deadline.min(Instant::now() + LOOK_AGAIN)).await;
        }
    }

    /// Finds the first frame in which the selector matches, and waits there.
    async fn look_into_frames(
        &self,
        function: &str,
        argument: &impl Fn(u64) -> Value,
        deadline: Instant,
    ) -> Result<Option<(Seen, World)>, BrowserError> {
        let worlds = self.tabs.borrow().other_worlds();
        for world in worlds {
            let patience = deadline.min(Instant::now() + PEEK);
            // A frame that is gone or too busy has no matches now.
            let Ok(seen) = world.peek::<Seen>(function, &argument(0), patience, deadline).await else { continue };
            if !seen.is_about_something() {
                continue;
            }
            if seen.done {
                return Ok(Some((seen, world)));
            }
            return match world.call::<Seen>(function, &argument(millis_left(deadline)), deadline).await {
                Ok(seen) if seen.is_about_something() => Ok(Some((seen, world))),
                Ok(_) | Err(NoAnswer::Gone) => Ok(None),
                Err(other) => Err(other.into()),
            };
        }
        Ok(None)
    }

    /// Converts boxes to coordinates of the page's viewport, whatever frame they are in.
    async fn placed(&self, mut seen: Seen, world: World, deadline: Instant) -> Result<(Seen, World), BrowserError> {
        let bounds = seen.diagnostics.as_mut().and_then(|diagnostics| diagnostics.bounding_box.as_mut());
        let boxes: Vec<&mut Rect> = bounds.into_iter().chain(seen.area.as_mut()).collect();
        if !boxes.is_empty() {
            let geometry = self.geometry(&world, deadline).await?;
            for bounds in boxes {
                *bounds = geometry.outside(*bounds);
            }
        }
        Ok((seen, world))
    }
}
