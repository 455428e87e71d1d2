//! What a render reads: the document in three forms, and what it says about itself.

use serde_json::json;
use tokio::time::Instant;

use crate::{
    action::{ActionResult, Content, ContentFormat},
    browser::{
        BrowserError,
        chromium::{page::chromium_page::ChromiumPage, scripts},
    },
    render::{Metadata, RenderedContent},
};

impl ChromiumPage {
    pub(super) async fn read_content(&self, deadline: Instant) -> Result<RenderedContent, BrowserError> {
        let mut truncated = false;
        let mut forms = Vec::with_capacity(3);
        for format in [ContentFormat::Markdown, ContentFormat::Text, ContentFormat::Html] {
            match self.content(Content { format }, deadline).await? {
                ActionResult::Content(read) => {
                    truncated |= read.truncated;
                    forms.push(read.content);
                }
                other => return Err(BrowserError::Protocol(format!("content returned {other:?}"))),
            }
        }
        let mut forms = forms.into_iter();
        let (markdown, text_content) = (forms.next().unwrap_or_default(), forms.next().unwrap_or_default());
        Ok(RenderedContent { html: forms.next().unwrap_or_default(), text_content, markdown, truncated })
    }

    pub(crate) async fn metadata(&self, deadline: Instant) -> Result<Metadata, BrowserError> {
        let world = self.world(deadline).await?;
        Ok(world.extended(scripts::render::METADATA, "metadata", &json!({}), deadline).await?)
    }
}
