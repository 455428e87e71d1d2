//! Pictures of the viewport, of the whole page, of an element, of a part.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::{CaptureScreenshotFormat, Viewport};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{
    cdp::{CdpError, commands},
    page::ChromiumPage,
};
use crate::{
    action::{Clip, Picture, PictureFormat, Point, Rect, Screenshot},
    browser::Fault,
    limits::{ELEMENT_TIMEOUT, MAX_PICTURE_SIDE, READ_TIMEOUT},
};

/// Between two attempts on a page that has nothing to show yet.
const UNPAINTED: Duration = Duration::from_millis(25);

#[derive(Deserialize)]
struct Captured {
    data: String,
}

#[derive(Deserialize)]
struct Extent {
    width: f64,
    height: f64,
}

/// How Chromium says that there is nothing to show yet.
const NOTHING_YET: [&str; 3] = ["Unable to capture screenshot", "Internal error", "Not attached to an active page"];

impl ChromiumPage {
    pub(super) async fn screenshot(&self, wanted: &Screenshot, deadline: Instant) -> Result<Picture, Fault> {
        let (clip, clamped) = self.part(wanted, deadline).await?;
        if wanted.omit_background {
            self.active()?.send(&commands::set_transparent(true)).await?;
        }
        let taken = tokio::time::timeout_at(deadline, self.take(wanted, clip)).await;
        if wanted.omit_background {
            self.active()?.send(&commands::set_transparent(false)).await?;
        }
        let Ok(taken) = taken else {
            let millis = READ_TIMEOUT.as_millis();
            return Err(Fault::timed_out(format!(
                "the page painted no picture within {millis} ms: a script keeps it busy"
            )));
        };
        let body = taken?;
        let size = imagesize::blob_size(&body).map_err(|error| Fault::Protocol(format!("not a picture: {error}")))?;
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        Ok(Picture { format: wanted.format, width: side(size.width), height: side(size.height), body, clamped })
    }

    async fn take(&self, wanted: &Screenshot, clip: Option<Clip>) -> Result<Bytes, CdpError> {
        let session = self.active().map_err(|_lost| CdpError::PageGone)?;
        let format = match wanted.format {
            PictureFormat::Png => CaptureScreenshotFormat::Png,
            PictureFormat::Jpeg => CaptureScreenshotFormat::Jpeg,
            PictureFormat::Webp => CaptureScreenshotFormat::Webp,
        };
        let clip = clip.map(|Clip { x, y, width, height }| Viewport { x, y, width, height, scale: 1.0 });
        let capture = commands::capture(format, wanted.quality, clip);
        loop {
            match session.send(&capture).decode::<Captured>().await {
                Ok(captured) => return decode(&captured.data),
                // A page that has not painted yet, a GPU process that is just starting, a document that is being replaced.
                Err(CdpError::Refused { message, .. }) if NOTHING_YET.iter().any(|told| message.contains(told)) => {
                    tokio::time::sleep(UNPAINTED).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The part of the document that is wanted, where it is not just the viewport; and whether it was cut.
    async fn part(&self, wanted: &Screenshot, deadline: Instant) -> Result<(Option<Clip>, bool), Fault> {
        let clip = if let Some(selector) = &wanted.selector {
            let argument = |timeout: u64| json!({"selector": selector, "timeoutMs": timeout});
            let waits = deadline.min(Instant::now() + ELEMENT_TIMEOUT);
            let (seen, _) = self.look("reveal", selector, argument, waits).await?;
            let (_, seen) = seen.ready(selector, ELEMENT_TIMEOUT)?;
            let Rect { x, y, width, height } =
                seen.area.ok_or_else(|| Fault::Protocol("reveal told no area".to_owned()))?;
            let offset: Point = self.call("offset", &(), deadline).await?;
            Clip { x: x + offset.x, y: y + offset.y, width, height }
        } else if wanted.full_page {
            let Extent { width, height } = self.call("extent", &(), deadline).await?;
            Clip { x: 0.0, y: 0.0, width, height }
        } else if let Some(clip) = wanted.clip {
            clip
        } else {
            return Ok((None, false));
        };
        let most = f64::from(MAX_PICTURE_SIDE) / self.tabs.borrow().shape.viewport.scale;
        let clamped = clip.width > most || clip.height > most;
        Ok((Some(Clip { width: clip.width.min(most), height: clip.height.min(most), ..clip }), clamped))
    }
}

/// Chromium sends pictures as base64.
fn decode(data: &str) -> Result<Bytes, CdpError> {
    let bytes = STANDARD.decode(data);
    bytes.map(Bytes::from).map_err(|error| CdpError::Decode { method: "picture".into(), message: error.to_string() })
}
