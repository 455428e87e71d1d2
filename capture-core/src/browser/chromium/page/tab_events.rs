//! What the browser tells of tabs, as the keeper reads it.

use chromiumoxide::cdp::browser_protocol::input::DragData;
use serde::Deserialize;

use crate::browser::chromium::{
    cdp::{Event, LoggedKind},
    instance::event_router::{MISSED, MissedEvent},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attached {
    pub(crate) session_id: String,
    pub(crate) target_info: TargetInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetInfo {
    pub(crate) target_id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) parent_frame_id: Option<String>,
    /// The tab that opened this one, where it may know of it.
    pub(crate) opener_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detached {
    pub(crate) session_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Download {
    pub(crate) frame_id: String,
    pub(crate) url: String,
    pub(crate) suggested_filename: String,
}

#[derive(Deserialize)]
pub(crate) struct DragIntercepted {
    pub(crate) data: DragData,
}

#[derive(Deserialize)]
pub(crate) struct WindowOpen {
    pub(crate) url: String,
}

/// The size of something a page logged, also where that was too large to be told.
pub(crate) fn logged_bytes(event: &Event) -> Option<usize> {
    if &*event.method == MISSED {
        return event
            .decode::<MissedEvent>()
            .filter(|missed| LoggedKind::of(&missed.method).is_some())
            .map(|missed| missed.bytes);
    }
    LoggedKind::of(&event.method).map(|_| event.bytes())
}
