//! The picture of a render.

use serde_json::json;
use tokio::time::{Duration, Instant};

use super::perform::{Notes, named};
use crate::{
    action::Screenshot,
    browser::{
        BrowserError,
        chromium::{page::chromium_page::ChromiumPage, scripts},
    },
    render::{Image, ImagePart, RenderBody},
};

/// How long web fonts and pictures in view may take after the document has loaded.
const SETTLING: Duration = Duration::from_secs(2);

impl ChromiumPage {
    pub(super) async fn render_image(
        &self,
        image: &Image,
        notes: &mut Notes,
        deadline: Instant,
    ) -> Result<RenderBody, BrowserError> {
        self.settle_appearance(image.freeze_animations, deadline).await?;
        let (full_page, selector, clip) = match &image.part {
            ImagePart::Viewport => (false, None, None),
            ImagePart::FullPage => (true, None, None),
            ImagePart::Element(selector) => (false, Some(selector.clone()), None),
            ImagePart::Clip(clip) => (false, None, Some(*clip)),
        };
        let (format, quality, omit_background) = (image.format, image.quality, image.transparent);
        let wanted = Screenshot { full_page, selector, clip, omit_background, format, quality };
        let picture = self.screenshot(&wanted, deadline).await.map_err(|error| named(error, "selector"))?;
        notes.clamped = picture.clamped;
        let (width, height) = (picture.width, picture.height);
        Ok(RenderBody::Picture { format, width, height, bytes: picture.body })
    }

    /// Waits for web fonts and for pictures in view, and stops animations at their end if that is wanted. A page that is
    /// too busy to answer is pictured as it is.
    pub(super) async fn settle_appearance(&self, freeze: bool, deadline: Instant) -> Result<(), BrowserError> {
        let world = self.world(deadline).await?;
        let argument = json!({"millis": SETTLING.as_millis(), "freeze": freeze});
        let until = deadline.min(Instant::now() + 2 * SETTLING);
        let settled: Result<bool, _> = world.extended(scripts::APPEARANCE, "settleAppearance", &argument, until).await;
        drop(settled); // the page was replaced or does not answer, and the picture shows what there is
        Ok(())
    }
}
