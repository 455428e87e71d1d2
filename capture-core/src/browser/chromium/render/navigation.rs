//! Opens the document of a render.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::time::Instant;
use url::Url;

use crate::{
    action::{ActionResult, Goto, GotoResult, WaitUntil},
    browser::{BrowserError, chromium::page::chromium_page::ChromiumPage},
    render::{RenderRequest, RenderSource},
};

impl ChromiumPage {
    /// Opens the document and waits until it has loaded.
    pub(super) async fn open_document(
        &self,
        source: &RenderSource,
        deadline: Instant,
    ) -> Result<GotoResult, BrowserError> {
        let url = match source {
            RenderSource::Url(url) => url.clone(),
            RenderSource::Html(html) => address_of(html)?,
        };
        let timeout = RenderRequest::loading_time();
        let goto = Goto { url, wait_until: WaitUntil::Load, timeout };
        match self.goto(&goto, deadline.min(Instant::now() + timeout)).await? {
            ActionResult::Goto(arrived) => Ok(arrived),
            other => Err(BrowserError::Protocol(format!("goto returned {other:?}"))),
        }
    }
}

/// An address that holds the document itself, so that it is opened and awaited like any other.
fn address_of(html: &str) -> Result<Url, BrowserError> {
    let address = format!("data:text/html;charset=utf-8;base64,{}", STANDARD.encode(html));
    address.parse().map_err(|error| BrowserError::Protocol(format!("the HTML has no address: {error}")))
}
