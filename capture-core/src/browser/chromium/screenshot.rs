//! Pictures of the viewport, of the whole page, of an element, of a part.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::{cdp::CdpError, page::ChromiumPage};
use crate::{
    action::{Clip, Picture, Rect, Screenshot},
    browser::Fault,
    limits::{MAX_PICTURE_SIDE, READ_TIMEOUT},
};

#[derive(Deserialize)]
struct Captured {
    data: String,
}

#[derive(Deserialize)]
struct Extent {
    width: f64,
    height: f64,
}

impl ChromiumPage {
    pub(super) async fn screenshot(&self, wanted: &Screenshot, deadline: Instant) -> Result<Picture, Fault> {
        let (clip, clamped) = self.part(wanted, deadline).await?;
        if wanted.omit_background {
            self.background(Some(json!({"r": 0, "g": 0, "b": 0, "a": 0}))).await?;
        }
        let taken = tokio::time::timeout_at(deadline, self.take(wanted, clip)).await;
        if wanted.omit_background {
            self.background(None).await?;
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
        let mut capture = json!({"format": wanted.format.as_str(), "optimizeForSpeed": true});
        if let Value::Object(fields) = &mut capture {
            if let Some(Clip { x, y, width, height }) = clip {
                fields.insert("clip".into(), json!({"x": x, "y": y, "width": width, "height": height, "scale": 1}));
                fields.insert("captureBeyondViewport".into(), true.into());
            }
            if let Some(quality) = wanted.quality {
                fields.insert("quality".into(), quality.into());
            }
        }
        let captured: Captured = session.ask("Page.captureScreenshot", &capture).await?;
        decode(&captured.data)
    }

    /// The part of the document that is wanted, where it is not just the viewport; and whether it was cut.
    async fn part(&self, wanted: &Screenshot, deadline: Instant) -> Result<(Option<Clip>, bool), Fault> {
        let clip = if let Some(selector) = &wanted.selector {
            let argument = |timeout: u64| json!({"selector": selector, "timeoutMs": timeout.min(5_000)});
            let (_, seen) = self.look("reveal", argument, deadline).await?.ready(selector, Duration::from_secs(5))?;
            let Rect { x, y, width, height } =
                seen.area.ok_or_else(|| Fault::Protocol("reveal told no area".to_owned()))?;
            Clip { x, y, width, height }
        } else if wanted.full_page {
            let Extent { width, height } = self.call("extent", &(), deadline).await?;
            Clip { x: 0.0, y: 0.0, width, height }
        } else if let Some(clip) = wanted.clip {
            clip
        } else {
            return Ok((None, false));
        };
        let most = f64::from(MAX_PICTURE_SIDE) / self.tabs.borrow().viewport.scale;
        let clamped = clip.width > most || clip.height > most;
        Ok((Some(Clip { width: clip.width.min(most), height: clip.height.min(most), ..clip }), clamped))
    }

    async fn background(&self, colour: Option<Value>) -> Result<(), Fault> {
        let colour = colour.map_or_else(|| json!({}), |colour| json!({"color": colour}));
        self.active()?.tell("Emulation.setDefaultBackgroundColorOverride", &colour).await?;
        Ok(())
    }
}

/// Chromium sends pictures as base64.
fn decode(data: &str) -> Result<Bytes, CdpError> {
    let bytes = STANDARD.decode(data);
    bytes.map(Bytes::from).map_err(|error| CdpError::Decode { method: "picture", message: error.to_string() })
}
