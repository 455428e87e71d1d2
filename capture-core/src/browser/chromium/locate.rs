//! What scripts say of the elements they waited for, and the sentences made of it. The waiting itself is in `scripts/`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::page::ChromiumPage;
use crate::{
    action::{Diagnostics, Point, Selector},
    browser::Fault,
    error::RunOutcome,
};
use tokio::time::{Duration, Instant};

/// A script's answer about the element it was to wait for.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    done: bool,
    /// Why the selector cannot be understood.
    invalid: Option<String>,
    /// Why the action is not possible on this element, however long one waits.
    refused: Option<String>,
    /// What was still missing when time was up.
    why: Option<String>,
    diagnostics: Option<Diagnostics>,
    pub(super) point: Option<Point>,
    pub(super) value: Option<String>,
    pub(super) area: Option<crate::action::Rect>,
}

/// What is left of the time, in milliseconds, for a script to wait.
pub(super) fn millis_left(deadline: Instant) -> u64 {
    let left = deadline.saturating_duration_since(Instant::now());
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
}

impl Seen {
    /// The diagnostics of an element that became ready, or why it did not.
    pub(super) fn ready(self, selector: &Selector, timeout: Duration) -> Result<(Diagnostics, Self), Fault> {
        let shown: String = selector.as_str().chars().take(120).collect();
        if let Some(why) = &self.invalid {
            return Err(Fault::Invalid(format!("payload.selector {shown:?} is not valid: {why}")));
        }
        let Some(diagnostics) = self.diagnostics.clone() else {
            return Err(Fault::Protocol("a script told nothing of its element".to_owned()));
        };
        if let Some(why) = &self.refused {
            return Err(Fault::Failed {
                message: format!("{shown:?}: {why}"),
                reason: Some("not_editable".to_owned()),
                details: fields(&diagnostics),
                outcome: RunOutcome::NotExecuted,
            });
        }
        if self.done {
            return Ok((diagnostics, self));
        }
        let why = self.why.as_deref().unwrap_or("not_found");
        Err(late(&shown, &sentence(why, &diagnostics), why, timeout, &diagnostics))
    }
}

/// Out of time, with everything that was seen.
pub(super) fn late(selector: &str, sentence: &str, why: &str, timeout: Duration, diagnostics: &Diagnostics) -> Fault {
    let mut details = fields(diagnostics);
    details.insert("waitingFor".to_owned(), why.into());
    Fault::TimedOut {
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
    /// Asks a script about an element; scripts that only look are asked again in the next document.
    pub(super) async fn look(
        &self,
        function: &str,
        argument: impl Fn(u64) -> Value,
        deadline: Instant,
    ) -> Result<Seen, Fault> {
        loop {
            let world = self.world(deadline).await?;
            match world.call(function, &argument(millis_left(deadline)), deadline).await {
                Ok(seen) => return Ok(seen),
                Err(super::world::NoAnswer::Fault(fault)) => return Err(fault),
                Err(super::world::NoAnswer::Gone) => self.outdated(&world),
            }
        }
    }
}
