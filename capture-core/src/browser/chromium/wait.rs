//! `wait_for_selector`.

use serde_json::json;
use tokio::time::Instant;

use super::page::ChromiumPage;
use crate::{
    action::{ActionResult, ElementResult, WaitForSelector},
    browser::Fault,
};

impl ChromiumPage {
    pub(super) async fn wait_for_selector(
        &self,
        wait: &WaitForSelector,
        deadline: Instant,
    ) -> Result<ActionResult, Fault> {
        let argument =
            |timeout: u64| json!({"selector": wait.selector, "state": wait.state.as_str(), "timeoutMs": timeout});
        let seen = self.look("wait", argument, deadline).await?;
        let (diagnostics, _) = seen.ready(&wait.selector, wait.timeout)?;
        Ok(ActionResult::Element(Box::new(ElementResult {
            diagnostics: Some(diagnostics),
            ..ElementResult::default()
        })))
    }
}
