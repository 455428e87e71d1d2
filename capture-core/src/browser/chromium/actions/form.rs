//! The `fill`, `select` and `check` actions.
//!
//! Which element is meant, and what it accepts, is decided in `scripts/`.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::pointer::Aim;
use crate::{
    action::{ActionResult, Check, CheckResult, ElementResult, Fill, MouseButton, Select, SelectResult},
    browser::{
        BrowserError,
        chromium::page::{
            chromium_page::ChromiumPage,
            document::World,
            locate::{Seen, millis_left},
        },
    },
    error::RunOutcome,
};

/// How long a page may take to show the new state of a box after a click.
const REACTS: Duration = Duration::from_millis(500);

impl ChromiumPage {
    pub(crate) async fn fill(&self, fill: &Fill, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let argument = |timeout: u64| json!({"selector": fill.selector, "value": fill.value, "timeoutMs": timeout});
        let (seen, world) = self.look("fill", &fill.selector, argument, deadline).await?;
        let (diagnostics, seen) = seen.ready(&fill.selector, fill.timeout)?;
        let value = match seen.editor {
            None => seen.value,
            Some(editor) => Some(self.edit(fill, editor, &world, deadline).await?),
        };
        Ok(ElementResult { value, ..ElementResult::of(diagnostics) }.into())
    }

    pub(crate) async fn select(&self, select: &Select, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let argument = |timeout: u64| {
            let mut argument = json!(select.choice);
            if let Value::Object(fields) = &mut argument {
                fields.insert("selector".to_owned(), json!(select.selector));
                fields.insert("timeoutMs".to_owned(), timeout.into());
            }
            argument
        };
        let (seen, _) = self.look("select", &select.selector, argument, deadline).await?;
        let (_, seen) = seen.ready(&select.selector, select.timeout)?;
        Ok(ActionResult::Select(SelectResult { selected: seen.selected.unwrap_or_default() }))
    }

    /// Clicks the box unless it has the wanted state already, and checks that the click changed it.
    pub(crate) async fn check(&self, check: &Check, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let aim = Aim {
            selector: &check.selector,
            position: None,
            button: MouseButton::Left,
            count: 1,
            modifiers: &[],
            force: false,
            checked: Some(check.checked),
            timeout: check.timeout,
        };
        let before = self.travels();
        let mut clicked = self.click_element(&aim, deadline).await;
        let is_custom = matches!(&clicked, Err(error) if is_no_box(error)) && self.learn(deadline).await;
        if is_custom {
            clicked = self.click_element(&aim, deadline).await;
        }
        let (clicked, world) = clicked?;
        if is_custom {
            self.learn_roles(&world, true, deadline.min(Instant::now() + REACTS)).await;
        }
        if clicked.clicked_point.is_some() && self.travels() == before {
            self.confirm(check, &world, deadline).await?;
        }
        Ok(ActionResult::Check(CheckResult { checked: check.checked }))
    }

    /// Whether the element may still be a box, as its internals say.
    async fn learn(&self, deadline: Instant) -> bool {
        match self.world(deadline).await {
            Ok(world) => self.learn_roles(&world, true, deadline.min(Instant::now() + REACTS)).await,
            Err(_) => false,
        }
    }

    async fn confirm(&self, check: &Check, world: &World, deadline: Instant) -> Result<(), BrowserError> {
        let reacts = deadline.min(Instant::now() + REACTS);
        let timeout = millis_left(reacts);
        let argument = json!({"selector": check.selector, "checked": check.checked, "timeoutMs": timeout});
        // If the document or the element is gone, the click led away from it, and there is nothing left to check.
        let Ok(seen) = world.ask::<Seen>("checkedAs", &argument, reacts).await else { return Ok(()) };
        match seen.ready(&check.selector, REACTS) {
            Err(BrowserError::TimedOut { details, .. }) if details.get("matched") == Some(&true.into()) => {
                Err(BrowserError::Failed {
                    message: format!("{:?} was clicked, but the page did not keep it so", check.selector.as_str()),
                    reason: Some("did_not_stick".to_owned()),
                    details,
                    outcome: RunOutcome::Executed,
                })
            }
            _ => Ok(()),
        }
    }
}

fn is_no_box(error: &BrowserError) -> bool {
    matches!(error, BrowserError::Failed { reason: Some(reason), .. } if reason == "not_checkable")
}
