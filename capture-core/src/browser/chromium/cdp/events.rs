//! What the browser tells of targets and tabs, as far as we read it. Declared here once for all who take them.
//!
//! Knows nothing of what follows from an event.

use chromiumoxide::cdp::browser_protocol::input::DragData;
use serde::Deserialize;

/// A session on a target began.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attached {
    pub(crate) session_id: String,
    pub(crate) target_info: TargetInfo,
}

/// What a target is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetInfo {
    pub(crate) target_id: String,
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    pub(crate) parent_frame_id: Option<String>,
    /// The tab that opened this one, where it may know of it.
    pub(crate) opener_id: Option<String>,
    pub(crate) browser_context_id: Option<String>,
}

/// A session on a target ended.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detached {
    pub(crate) session_id: String,
}

/// A download was asked for; it is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Download {
    pub(crate) frame_id: String,
    pub(crate) url: String,
    pub(crate) suggested_filename: String,
}

/// The page began a drag that we are to carry out.
#[derive(Deserialize)]
pub(crate) struct DragIntercepted {
    pub(crate) data: DragData,
}

/// The page asked for a window.
#[derive(Deserialize)]
pub(crate) struct WindowOpen {
    pub(crate) url: String,
}
