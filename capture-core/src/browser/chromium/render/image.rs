//! The picture of a render.

use bytes::Bytes;
use futures::future::join_all;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{
    perform::named,
    pixels::{check_size, encoded, imaging_room, pixels_of},
};
use crate::{
    action::{Picture, PictureFormat, Screenshot},
    browser::{
        BrowserError,
        chromium::{page::chromium_page::ChromiumPage, scripts},
    },
    imaging::{self, Wanted},
    render::{Image, ImagePart, RenderBody},
};

/// How long web fonts and pictures in view may take after the document has loaded.
const SETTLING: Duration = Duration::from_secs(2);
/// Most frames whose animations are stopped.
const MAX_FROZEN_FRAMES: usize = 50;

impl ChromiumPage {
    /// The picture, and whether it was cut.
    pub(super) async fn render_image(
        &self,
        image: &Image,
        deadline: Instant,
    ) -> Result<(RenderBody, bool), BrowserError> {
        if let Some(size) = image.resize {
            check_size(size.width, size.height)?;
        }
        if matches!(image.part, ImagePart::FullPage) {
            self.load_whole(deadline).await?;
        }
        self.settle_appearance(image.freeze_animations, deadline).await?;
        let (full_page, selector, clip) = match &image.part {
            ImagePart::Viewport => (false, None, None),
            ImagePart::FullPage => (true, None, None),
            ImagePart::Element(selector) => (false, Some(selector.clone()), None),
            ImagePart::Clip(clip) => (false, None, Some(*clip)),
        };
        let (quality, omit_background) = (image.quality, image.transparent);
        // A picture that is scaled is encoded again, so the first encoding must lose nothing.
        let format = if image.resize.is_some() { PictureFormat::Png } else { image.format };
        let quality = quality.filter(|_| format != PictureFormat::Png);
        let wanted = Screenshot { full_page, selector, clip, omit_background, format, quality };
        let picture = self.screenshot(&wanted, deadline).await.map_err(|error| named(error, "selector"))?;
        let clamped = picture.clamped;
        let Some(size) = image.resize else {
            let (width, height) = (picture.width, picture.height);
            return Ok((RenderBody::Picture { format, width, height, bytes: picture.body }, clamped));
        };
        let wanted = Wanted { width: size.width, height: size.height, format: image.format, quality: image.quality };
        let bytes = self.scaled(picture, wanted, deadline).await?;
        Ok((RenderBody::Picture { format: image.format, width: size.width, height: size.height, bytes }, clamped))
    }

    async fn scaled(&self, picture: Picture, wanted: Wanted, deadline: Instant) -> Result<Bytes, BrowserError> {
        let pixels = pixels_of(picture.width, picture.height) + pixels_of(wanted.width, wanted.height);
        let room = imaging_room(&self.browser.scaling, pixels, deadline).await?;
        let scaling = tokio::task::spawn_blocking(move || {
            let _room = room; // it is held until the work is done, even if its caller has left
            imaging::scale(&picture.body, wanted)
        });
        encoded(scaling, deadline).await
    }

    /// Waits for web fonts and for pictures in view, and stops animations at their end if that is wanted. A page that
    /// is too busy to answer is pictured as it is.
    pub(super) async fn settle_appearance(&self, freeze: bool, deadline: Instant) -> Result<(), BrowserError> {
        let world = self.world(deadline).await?;
        let argument = json!({"millis": SETTLING.as_millis(), "freeze": freeze});
        let until = deadline.min(Instant::now() + 2 * SETTLING);
        let settled: Result<bool, _> =
            world.extended(scripts::render::APPEARANCE, "settleAppearance", &argument, until).await;
        drop(settled); // the page was replaced or does not answer, and the picture shows what there is
        if freeze {
            self.freeze_frames(until).await;
        }
        Ok(())
    }

    /// Stops the animations in the frames of the page.
    async fn freeze_frames(&self, until: Instant) {
        let argument = json!({"millis": 0, "freeze": true});
        let worlds = self.tabs.borrow().other_worlds();
        let freezing = worlds.iter().take(MAX_FROZEN_FRAMES).map(async |world| {
            // A frame that is gone or busy is pictured as it is.
            let _: Result<bool, _> =
                world.extended(scripts::render::APPEARANCE, "settleAppearance", &argument, until).await;
        });
        join_all(freezing).await;
    }
}
