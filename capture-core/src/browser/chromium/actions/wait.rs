//! The `wait_for_selector` and `wait_for_timeout` actions.
//!
//! The states of elements are decided in `scripts/`.

use serde_json::json;
use tokio::time::Instant;

use crate::{
    action::{ActionResult, ElementResult, WaitForSelector, WaitForTimeout, WaitedResult},
    browser::{BrowserError, chromium::page::chromium_page::ChromiumPage},
};

impl ChromiumPage {
    pub(crate) async fn wait_for_selector(
        &self,
        wait: &WaitForSelector,
        deadline: Instant,
    ) -> Result<ActionResult, BrowserError> {
        let argument =
            |timeout: u64| json!({"selector": wait.selector, "state": wait.state.as_str(), "timeoutMs": timeout});
        let (seen, _) = self.look("wait", &wait.selector, argument, deadline).await?;
        let (diagnostics, _) = seen.ready(&wait.selector, wait.timeout)?;
        Ok(ElementResult::of(diagnostics).into())
    }

    pub(crate) async fn wait_for_timeout(&self, wait: WaitForTimeout) -> ActionResult {
        let started = Instant::now();
        tokio::time::sleep(wait.pause).await;
        let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        ActionResult::Waited(WaitedResult { waited_ms })
    }
}
