//! `fill`.

use serde_json::json;
use tokio::time::Instant;

use super::page::ChromiumPage;
use crate::{
    action::{ActionResult, ElementResult, Fill},
    browser::Fault,
};

impl ChromiumPage {
    pub(super) async fn fill(&self, fill: &Fill, deadline: Instant) -> Result<ActionResult, Fault> {
        let argument = |timeout: u64| json!({"selector": fill.selector, "value": fill.value, "timeoutMs": timeout});
        let seen = self.look("fill", argument, deadline).await?;
        let (diagnostics, seen) = seen.ready(&fill.selector, fill.timeout)?;
        Ok(ActionResult::Element(Box::new(ElementResult {
            diagnostics: Some(diagnostics),
            value: seen.value,
            clicked_point: None,
        })))
    }
}
