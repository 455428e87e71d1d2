//! What the browser tells of tabs, as the keeper reads it.

use chromiumoxide::cdp::browser_protocol::input::DragData;
use serde::Deserialize;

use super::{
    cdp::{Event, LoggedKind},
    routes::{MISSED, MissedEvent},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attached {
    pub(super) session_id: String,
    pub(super) target_info: TargetInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetInfo {
    pub(super) target_id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) parent_frame_id: Option<String>,
    /// The tab that opened this one, where it may know of it.
    pub(super) opener_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detached {
    pub(super) session_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Download {
    pub(super) frame_id: String,
    pub(super) url: String,
    pub(super) suggested_filename: String,
}

#[derive(Deserialize)]
pub(super) struct DragIntercepted {
    pub(super) data: DragData,
}

#[derive(Deserialize)]
pub(super) struct WindowOpen {
    pub(super) url: String,
}

/// The size of something a page logged, also where that was too large to be told.
pub(super) fn logged_bytes(event: &Event) -> Option<usize> {
    if &*event.method == MISSED {
        return event
            .decode::<MissedEvent>()
            .filter(|missed| LoggedKind::of(&missed.method).is_some())
            .map(|missed| missed.bytes);
    }
    LoggedKind::of(&event.method).map(|_| event.bytes())
}
