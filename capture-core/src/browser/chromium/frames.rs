//! The frame clock of one tab: with begin-frame control a page paints when we say so.
//!
//! 60 frames a second while an action waits for something that moves, 10 at rest while the page changes, 1 at rest while
//! it does not, and one at once for a picture. So a picture needs no waiting for the next frame, and an animated page
//! nobody works with costs little. Only one frame is under way at a time, as Chromium demands.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};

use super::cdp::{CdpError, CdpSession};
use crate::{action::PictureFormat, tasks::Tasks};

const ACTIVE: Duration = Duration::from_micros(16_667);
const RESTING: Duration = Duration::from_millis(100);
const STILL: Duration = Duration::from_secs(1);
/// An action that is done this soon needs no frame.
const FIRST: Duration = Duration::from_millis(8);
/// Frames at rest without any change before the page counts as still.
const STILL_AFTER: u32 = 10;

/// A picture of the viewport as wanted from the next frame.
#[derive(Debug)]
struct Shot {
    format: PictureFormat,
    quality: Option<u32>,
    reply: oneshot::Sender<Result<Bytes, CdpError>>,
}

/// The clock of one tab; its task ends with the last handle.
#[derive(Debug, Clone)]
pub(super) struct FrameClock {
    shots: mpsc::Sender<Shot>,
    demand: Arc<Demand>,
}

#[derive(Debug, Default)]
struct Demand {
    active: AtomicUsize,
    changed: Notify,
}

/// Keeps the clock at full rate while it lives.
#[derive(Debug)]
pub(super) struct Running(Arc<Demand>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameReply {
    has_damage: bool,
    screenshot_data: Option<String>,
}

impl FrameClock {
    /// Starts the clock of a tab that was created with begin-frame control.
    pub(super) fn start(tab: CdpSession, tasks: &Tasks) -> Self {
        let (shots, wanted) = mpsc::channel(4);
        let demand = Arc::new(Demand::default());
        tasks.spawn(run(tab, wanted, Arc::downgrade(&demand)));
        Self { shots, demand }
    }

    /// Full rate until the returned guard is dropped.
    pub(super) fn run(&self) -> Running {
        self.demand.active.fetch_add(1, Ordering::Relaxed);
        self.demand.changed.notify_one();
        Running(Arc::clone(&self.demand))
    }

    /// A picture of the viewport, from a frame of its own.
    pub(super) async fn picture(&self, format: PictureFormat, quality: Option<u32>) -> Result<Bytes, CdpError> {
        let (reply, picture) = oneshot::channel();
        self.shots.send(Shot { format, quality, reply }).await.map_err(|_ended| CdpError::PageGone)?;
        picture.await.unwrap_or(Err(CdpError::PageGone))
    }
}

async fn run(tab: CdpSession, mut shots: mpsc::Receiver<Shot>, demand: std::sync::Weak<Demand>) {
    let mut still_frames = 0;
    let mut last = Instant::now();
    loop {
        let Some(handle) = demand.upgrade() else { return };
        let active = handle.active.load(Ordering::Relaxed) > 0;
        let pause = match (active, still_frames < STILL_AFTER) {
            (true, _) if last.elapsed() > ACTIVE => FIRST,
            (true, _) => ACTIVE.saturating_sub(last.elapsed()),
            (false, true) => RESTING,
            (false, false) => STILL,
        };
        let shot = tokio::select! {
            shot = shots.recv() => match shot {
                Some(shot) => Some(shot),
                None => return,
            },
            () = tokio::time::sleep(pause) => None,
            () = handle.changed.notified() => continue,
        };
        drop(handle);
        last = Instant::now();
        match frame(&tab, shot).await {
            Ok(damaged) => still_frames = if damaged { 0 } else { still_frames + 1 },
            Err(CdpError::PageGone | CdpError::BrowserGone) => return,
            // Refused while the page goes from one document to the next: the following frame will do.
            Err(error) => tracing::trace!(%error, "frame refused"),
        }
    }
}

/// One frame, with a picture where one is wanted; whether anything changed.
async fn frame(tab: &CdpSession, shot: Option<Shot>) -> Result<bool, CdpError> {
    let Some(shot) = shot else {
        let reply: FrameReply = tab.ask("HeadlessExperimental.beginFrame", &json!({})).await?;
        return Ok(reply.has_damage);
    };
    let mut screenshot = json!({"format": shot.format.as_str(), "optimizeForSpeed": true});
    if let (Some(quality), Value::Object(fields)) = (shot.quality, &mut screenshot) {
        fields.insert("quality".to_owned(), quality.into());
    }
    let wanted = json!({"screenshot": screenshot});
    // A frame may pass without a picture while the page is being replaced; a few more tries are one frame each.
    for _ in 0..5 {
        let reply: Result<FrameReply, CdpError> = tab.ask("HeadlessExperimental.beginFrame", &wanted).await;
        match reply {
            Ok(FrameReply { screenshot_data: Some(data), has_damage }) if !data.is_empty() => {
                let _ = shot.reply.send(decode(&data)); // caller left
                return Ok(has_damage);
            }
            Ok(_) | Err(CdpError::Refused { .. }) => tokio::time::sleep(ACTIVE).await,
            Err(error) => {
                let _ = shot.reply.send(Err(error.clone())); // caller left
                return Err(error);
            }
        }
    }
    let method = "HeadlessExperimental.beginFrame";
    let _ = shot.reply.send(Err(CdpError::Decode { method, message: "no picture in five frames".to_owned() }));
    Ok(true)
}

/// Chromium sends pictures as base64.
pub(super) fn decode(data: &str) -> Result<Bytes, CdpError> {
    let bytes = STANDARD.decode(data);
    bytes.map(Bytes::from).map_err(|error| CdpError::Decode { method: "picture", message: error.to_string() })
}
