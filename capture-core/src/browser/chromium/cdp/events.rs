//! The browser's events about targets and tabs, with the fields that are used. They are declared once for all
//! receivers.
//!
//! This module must not know what follows from an event.

use chromiumoxide::cdp::browser_protocol::input::DragData;
use serde::Deserialize;

/// A session on a target began.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attached {
    pub(crate) session_id: String,
    pub(crate) target_info: TargetInfo,
}

/// Describes a target.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetInfo {
    pub(crate) target_id: String,
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    pub(crate) parent_frame_id: Option<String>,
    /// The tab that opened this one, if the new tab may access it.
    pub(crate) opener_id: Option<String>,
    pub(crate) browser_context_id: Option<String>,
}

/// A session on a target ended.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detached {
    pub(crate) session_id: String,
}

/// A download was requested and is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Download {
    pub(crate) frame_id: String,
    pub(crate) url: String,
    pub(crate) suggested_filename: String,
}

/// The page began a drag that we have to carry out.
#[derive(Deserialize)]
pub(crate) struct DragIntercepted {
    pub(crate) data: DragData,
}

/// The page requested a window.
#[derive(Deserialize)]
pub(crate) struct WindowOpen {
    pub(crate) url: String,
}
