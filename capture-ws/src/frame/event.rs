//! Events: what happens in a session, sent to the connections that follow it.

use bytes::Bytes;
use capture_core::{
    actor::NumberedFrame,
    clock::Timestamp,
    event::{ConsoleEntry, ConsoleLine, EventFrame},
    session::SessionId,
};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// The remaining time of a session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Countdown {
    /// Remaining milliseconds at the moment the frame is written.
    pub remaining_ms: u64,
    /// Remaining seconds at the moment the frame is written, rounded up.
    pub expires_in_seconds: u64,
    /// The session's deadline.
    pub expires_at: Timestamp,
}

impl Countdown {
    /// Wraps the countdown in the frame of an event.
    pub fn frame(self, session_id: SessionId) -> EventFrame<'static, Self> {
        EventFrame::passing("session.countdown", session_id, self)
    }
}

/// A console message or page error, with the fields of an entry in the `console` or `errors` action.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineParams<'a> {
    #[serde(flatten)]
    said: &'a ConsoleEntry,
    /// Lines left out since the previous one.
    dropped: u64,
}

impl<'a> LineParams<'a> {
    /// Wraps the line in the frame of an event.
    pub fn frame(session_id: SessionId, line: &'a ConsoleLine) -> EventFrame<'static, Self> {
        let method = match line.entry {
            ConsoleEntry::Console(_) => "page.console",
            ConsoleEntry::Error(_) => "page.error",
        };
        EventFrame::passing(method, session_id, Self { said: &line.entry, dropped: line.dropped })
    }
}

/// A picture of the page.
#[derive(Debug)]
pub struct ViewParams {
    picture: Bytes,
    size: (u32, u32),
    scale: f64,
    at: Timestamp,
    dropped: u64,
}

impl ViewParams {
    /// Wraps the picture in the frame of an event; `dropped` counts the pictures left out before it.
    pub fn frame(session_id: SessionId, shown: &NumberedFrame, dropped: u64) -> EventFrame<'static, Self> {
        let frame = &shown.frame;
        let size = (frame.width, frame.height);
        let params = Self { picture: frame.body.clone(), size, scale: frame.scale, at: shown.at, dropped };
        EventFrame::passing("view.frame", session_id, params)
    }
}

/// The JSON form of a picture, with Base64 text; `ViewBytes` is its MessagePack form.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ViewText {
    /// The JPEG file, in Base64.
    data_base64: String,
    /// Width of the picture in pixels.
    width: u32,
    /// Height of the picture in pixels.
    height: u32,
    /// Pixels of the picture per CSS pixel of the page.
    scale: f64,
    /// Pictures left out since the previous one.
    dropped: u64,
    /// When the picture was taken.
    at: Timestamp,
}

/// The MessagePack form of a picture, with the JPEG file as `bin`.
#[derive(Serialize)]
struct ViewBytes<'a> {
    data: Blob<'a>,
    width: u32,
    height: u32,
    scale: f64,
    dropped: u64,
    at: Timestamp,
}

struct Blob<'a>(&'a [u8]);

impl Serialize for Blob<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl Serialize for ViewParams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { scale, at, dropped, size: (width, height), .. } = *self;
        if serializer.is_human_readable() {
            let data_base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &self.picture);
            ViewText { data_base64, width, height, scale, dropped, at }.serialize(serializer)
        } else {
            let data = Blob(&self.picture);
            ViewBytes { data, width, height, scale, dropped, at }.serialize(serializer)
        }
    }
}
