//! Pictures of the viewport, the whole page, an element or a part.
//!
//! This module must not know live views.

use std::sync::Arc;

use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::{CaptureScreenshotFormat, Viewport};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Duration, Instant},
};

use crate::{
    action::{Clip, Picture, PictureFormat, Rect, Screenshot},
    browser::{
        BrowserError,
        chromium::{
            cdp::{self, CdpError, commands},
            instance::picture_room::Held,
            page::{chromium_page::ChromiumPage, locate::PEEK},
        },
    },
    limits::{ELEMENT_TIMEOUT, MAX_PICTURE_PIXELS, MAX_PICTURE_SIDE, MAX_WEBP_SIDE},
};

/// Pause between two attempts on a page that has not painted yet.
const UNPAINTED: Duration = Duration::from_millis(25);

/// How long lazily loaded content may take to appear before the whole page is pictured or printed.
const LAZY: Duration = Duration::from_secs(3);

/// The size of a document.
#[derive(Deserialize)]
pub(crate) struct Extent {
    width: f64,
    height: f64,
    window: Size,
    /// The height of what an element hides that scrolls in place of the document.
    hidden: f64,
}

#[derive(Deserialize)]
struct Size {
    width: u32,
    height: u32,
}

/// Position of the window in the document, from the document's left and upper end.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Window {
    #[serde(flatten)]
    area: Rect,
    /// Whether the page is not magnified.
    is_plain: bool,
}

/// The part of the document that is pictured.
#[derive(Debug, Clone, Copy)]
struct Part {
    clip: Clip,
    reach: Reach,
}

/// How a part is brought into the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The window shows all of it.
    Shown,
    /// The window shows only some of it, and the browser paints the rest.
    Beyond,
    /// An element hides some of it, and shows it in a higher window.
    Higher,
}

/// Chromium's messages when there is nothing to show yet.
const NOTHING_YET: [&str; 3] = ["Unable to capture screenshot", "Internal error", "Not attached to an active page"];

impl ChromiumPage {
    pub(crate) async fn screenshot(&self, wanted: &Screenshot, deadline: Instant) -> Result<Picture, BrowserError> {
        let (mut part, mut clamped) = self.part(wanted, deadline).await?;
        let room = self.room_for(part.map(|part| part.clip), deadline).await?;
        let mut higher = None;
        if let Some(Part { clip, reach: Reach::Higher }) = part {
            higher = self.heighten(clip.height, deadline).await?;
            if higher.is_none() {
                (part, clamped) = (None, false); // the window shows all that can be shown
            }
        }
        if wanted.omit_background {
            self.active()?.send(&commands::set_transparent(true)).await?;
        }
        let began = Instant::now();
        let taken = tokio::time::timeout_at(deadline, self.take(wanted, part, room)).await;
        drop(higher);
        if part.is_some_and(|part| part.reach != Reach::Shown) {
            self.after_picture().await;
        }
        if wanted.omit_background {
            self.active()?.send(&commands::set_transparent(false)).await?;
        }
        let Ok(taken) = taken else {
            let millis = began.elapsed().as_millis();
            return Err(BrowserError::timed_out(format!(
                "the page painted no picture within {millis} ms: a script keeps it busy"
            )));
        };
        let body = taken.map_err(failed)?;
        let size =
            imagesize::blob_size(&body).map_err(|error| BrowserError::Protocol(format!("not a picture: {error}")))?;
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        Ok(Picture { format: wanted.format, width: side(size.width), height: side(size.height), body, clamped })
    }

    async fn take(
        &self,
        wanted: &Screenshot,
        part: Option<Part>,
        room: (OwnedSemaphorePermit, Held),
    ) -> Result<Bytes, CdpError> {
        let session = self.active().map_err(|_lost| CdpError::PageGone)?;
        let format = match wanted.format {
            PictureFormat::Png => CaptureScreenshotFormat::Png,
            PictureFormat::Jpeg => CaptureScreenshotFormat::Jpeg,
            PictureFormat::Webp => CaptureScreenshotFormat::Webp,
        };
        let clip =
            part.map(|Part { clip: Clip { x, y, width, height }, .. }| Viewport { x, y, width, height, scale: 1.0 });
        let capture =
            commands::capture(format, wanted.quality, clip, part.is_some_and(|part| part.reach == Reach::Beyond));
        let room = Arc::new(room);
        loop {
            // The room is held until the browser has answered, even if the caller has left.
            match self.browser.answered(session.send(&capture), Arc::clone(&room)).await {
                Ok(picture) => return cdp::captured(&picture, "picture"),
                // The page has not painted yet, a GPU process is starting, or the document is being replaced.
                Err(CdpError::Refused { message, .. }) if NOTHING_YET.iter().any(|told| message.contains(told)) => {
                    tokio::time::sleep(UNPAINTED).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for room for a picture, and for the session's previous picture, which may still be in progress although
    /// its caller has left.
    async fn room_for(
        &self,
        clip: Option<Clip>,
        deadline: Instant,
    ) -> Result<(OwnedSemaphorePermit, Held), BrowserError> {
        let shape = self.tabs.borrow().shape.viewport;
        let (width, height) =
            clip.map_or((f64::from(shape.width), f64::from(shape.height)), |clip| (clip.width, clip.height));
        let pixels = width * height * shape.scale * shape.scale;
        if pixels > f64::from(MAX_PICTURE_PIXELS) * 1.01 {
            let message = format!("the picture would have {pixels:.0} pixels; at most {MAX_PICTURE_PIXELS} are taken");
            return Err(BrowserError::failed_for("picture_too_large", message));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bound above")]
        let pixels = pixels.max(0.0) as u32;
        let began = Instant::now();
        let taken = tokio::time::timeout_at(deadline, async {
            let own = Arc::clone(&self.picturing).acquire_owned().await.ok()?;
            Some((own, self.browser.pictures.take(pixels).await?))
        });
        let taken = taken.await.map_err(|_elapsed| {
            let waited = began.elapsed().as_secs();
            BrowserError::congested(format!("other pictures left no room for this one within {waited} s"))
        })?;
        taken.ok_or_else(|| BrowserError::Protocol("no room for pictures".to_owned()))
    }

    /// Has the document load what announces that it waits to come into view, and measures it.
    async fn extent(&self, deadline: Instant) -> Result<Extent, BrowserError> {
        let lazy = json!({"most": MAX_PICTURE_SIDE, "millis": LAZY.as_millis()});
        self.call("extent", &lazy, deadline).await
    }

    /// Brings everything in the document into view and has it painted, so that all of it is there. Pages hear that they
    /// are scrolled.
    #[cfg(feature = "render")]
    pub(crate) async fn load_whole(&self, deadline: Instant) -> Result<(), BrowserError> {
        let lazy = json!({"most": MAX_PICTURE_SIDE, "millis": LAZY.as_millis(), "whole": true});
        self.call::<Extent>("extent", &lazy, deadline).await.map(drop)
    }

    /// The wanted part of the document, if it is not just the viewport, and whether it was cut.
    async fn part(&self, wanted: &Screenshot, deadline: Instant) -> Result<(Option<Part>, bool), BrowserError> {
        let mut within = None;
        let clip = if let Some(selector) = &wanted.selector {
            let argument = |timeout: u64| json!({"selector": selector, "timeoutMs": timeout});
            let waits = deadline.min(Instant::now() + ELEMENT_TIMEOUT);
            let (seen, _) = self.look("reveal", selector, argument, waits).await?;
            let (_, seen) = seen.ready(selector, ELEMENT_TIMEOUT)?;
            within = Some(seen.area.ok_or_else(|| BrowserError::Protocol("reveal returned no area".to_owned()))?);
            None
        } else if wanted.full_page {
            let Extent { width, height, window, hidden } = self.extent(deadline).await?;
            let shape = self.tabs.borrow().shape;
            if hidden > 0.0 && shape.is_window(window.width, window.height) {
                let (width, height) = (f64::from(window.width), f64::from(window.height) + hidden);
                let clip = Clip { x: 0.0, y: 0.0, width, height };
                let (clip, clamped) = within_bounds(clip, shape.viewport.scale, longest_side(wanted.format));
                let clip = Clip { height: clip.height.floor(), ..clip };
                return Ok((Some(Part { clip, reach: Reach::Higher }), clamped));
            }
            Some(Clip { x: 0.0, y: 0.0, width, height })
        } else {
            wanted.clip
        };
        if clip.is_none() && within.is_none() {
            return Ok((None, false));
        }
        let Window { area: window, is_plain } = self.call("beforePicture", &(), deadline).await?;
        let clip = clip.or_else(|| {
            let Rect { x, y, width, height } = within?;
            Some(Clip { x: x + window.x, y: y + window.y, width, height })
        });
        let Some(clip) = clip else { return Ok((None, false)) };
        let scale = self.tabs.borrow().shape.viewport.scale;
        let (clip, clamped) = within_bounds(clip, scale, longest_side(wanted.format));
        let beyond = !is_plain || !holds(window, clip);
        if let (false, Some(world)) = (beyond, self.tabs.borrow().world()) {
            world.tell("hearAgain");
        }
        let reach = if beyond { Reach::Beyond } else { Reach::Shown };
        Ok((Some(Part { clip, reach }), clamped))
    }

    /// Waits until the page has been notified that its window has its old size again.
    pub(super) async fn after_picture(&self) {
        let world = self.tabs.borrow().world();
        if let Some(world) = world {
            // A page that is too busy is notified later.
            let _: Result<bool, _> = world.ask_any_time("afterPicture", Instant::now() + PEEK).await;
        }
    }
}

/// Whether the window shows all of the part.
fn holds(window: Rect, clip: Clip) -> bool {
    clip.x >= window.x
        && clip.y >= window.y
        && clip.x + clip.width <= window.x + window.width
        && clip.y + clip.height <= window.y + window.height
}

fn longest_side(format: PictureFormat) -> u32 {
    match format {
        PictureFormat::Png | PictureFormat::Jpeg => MAX_PICTURE_SIDE,
        PictureFormat::Webp => MAX_WEBP_SIDE,
    }
}

/// The part that fits into a picture, limited first by its sides and then by its height, and whether it was cut.
fn within_bounds(clip: Clip, scale: f64, longest: u32) -> (Clip, bool) {
    let side = f64::from(longest) / scale;
    let width = clip.width.min(side);
    let height = clip.height.min(side).min(f64::from(MAX_PICTURE_PIXELS) / (scale * scale) / width.max(1.0));
    let clamped = clip.width > width || clip.height > height;
    (Clip { width, height, ..clip }, clamped)
}

/// A picture that cannot be taken has not changed the page.
fn failed(error: CdpError) -> BrowserError {
    match error {
        CdpError::TooLarge { bytes, .. } => {
            let megabytes = bytes / 1_000_000;
            let message = format!("the picture of {megabytes} MB is too large: take less of the page, or a jpeg");
            BrowserError::failed_for("picture_too_large", message)
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_to_what_a_picture_may_have() {
        let cut = |width, height, scale| {
            let (clip, clamped) = within_bounds(Clip { x: 1.0, y: 2.0, width, height }, scale, MAX_PICTURE_SIDE);
            assert_eq!((clip.x, clip.y), (1.0, 2.0));
            (clip.width, clip.height, clamped)
        };
        assert_eq!(cut(1440.0, 3000.0, 1.0), (1440.0, 3000.0, false));
        assert_eq!(cut(300.0, 20_000.0, 1.0), (300.0, 16_384.0, true));
        assert_eq!(cut(20_000.0, 300.0, 2.0), (8_192.0, 300.0, true));
        assert_eq!(cut(5_000.0, 16_384.0, 1.0), (5_000.0, 13_421.772_8, true));
        assert_eq!(cut(4_096.0, 4_096.0, 2.0), (4_096.0, 4_096.0, false));
        assert_eq!(cut(4_096.0, 4_096.0, 3.0), (4_096.0, 1_820.444_444_444_444_4, true));
    }
}
