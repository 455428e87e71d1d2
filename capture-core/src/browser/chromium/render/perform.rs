//! The order of the steps of a render.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    action::WaitForSelector,
    browser::{BrowserError, chromium::page::chromium_page::ChromiumPage},
    imaging::EncodedAnimation,
    render::{RenderBody, RenderOutput, RenderRequest, Rendering, Waits},
};

impl ChromiumPage {
    /// Renders a document; `deadline` bounds everything.
    pub(crate) async fn render_here(
        &self,
        request: Arc<RenderRequest>,
        deadline: Instant,
    ) -> Result<Rendering, BrowserError> {
        let result = tokio::select! {
            biased;
            reason = self.whole_page_lost() => return Err(reason.into()),
            result = self.render_steps(&request, deadline) => result,
        };
        result.map_err(|error| self.naming_dialog(error))
    }

    async fn render_steps(&self, request: &RenderRequest, deadline: Instant) -> Result<Rendering, BrowserError> {
        self.settled(deadline).await?;
        self.apply_settings(request).await?;
        let arrived = self.open_document(&request.source, deadline).await?;
        let mut warnings = Vec::new();
        if request.settings.block_ads && self.browser.block_lists.is_none() {
            warnings.push("blockAds is ignored: this server has no lists".to_owned());
        }
        if request.settings.block_cookie_banners {
            warnings.extend(self.refuse_consent(deadline).await);
        }
        self.wait_as_asked(&request.waits, deadline).await?;
        let (body, clamped) = self.make(&request.output, deadline).await?;
        let url = self.url();
        Ok(Rendering { body, url, page_status: arrived.status, clamped, warnings })
    }

    /// The result, and whether it was cut.
    async fn make(&self, output: &RenderOutput, deadline: Instant) -> Result<(RenderBody, bool), BrowserError> {
        let body = match output {
            RenderOutput::Image(image) => return self.render_image(image, deadline).await,
            RenderOutput::Animation(animation) => {
                let EncodedAnimation { bytes, is_cut } = self.record(*animation, deadline).await?;
                return Ok((RenderBody::Gif(bytes), is_cut));
            }
            RenderOutput::Pdf(pdf) => RenderBody::Pdf(self.print(pdf, deadline).await?),
            RenderOutput::Content => RenderBody::Content(self.read_content(deadline).await?),
            RenderOutput::Metadata => RenderBody::Metadata(Box::new(self.metadata(deadline).await?)),
        };
        Ok((body, false))
    }

    async fn wait_as_asked(&self, waits: &Waits, deadline: Instant) -> Result<(), BrowserError> {
        if let Some(selector) = &waits.selector {
            let until = deadline.min(Instant::now() + waits.selector_timeout);
            let wait = WaitForSelector {
                selector: selector.clone(),
                state: crate::action::ElementState::Visible,
                timeout: waits.selector_timeout,
            };
            self.wait_for_selector(&wait, until).await.map_err(|error| named(error, "waitFor"))?;
        }
        tokio::time::sleep_until(deadline.min(Instant::now() + waits.delay)).await;
        Ok(())
    }
}

/// Names the parameter of the render instead of the field of an action.
pub(super) fn named(error: BrowserError, parameter: &str) -> BrowserError {
    match error {
        BrowserError::Invalid(message) => BrowserError::Invalid(message.replace("payload.selector", parameter)),
        other => other,
    }
}
