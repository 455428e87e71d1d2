//! The kinds of events in a session's log. Their names are those of the channel.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{action_type::ActionType, clock::Timestamp, session::SessionView};

/// An action was taken from the queue and began.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionStarted {
    /// Identifies this run of the action.
    pub action_id: Arc<str>,
    /// Type of the action.
    #[serde(rename = "type")]
    pub kind: ActionType,
    /// Id of the connection that requested the action, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
}

/// A step of a batch ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionStep {
    /// `action_id` of the batch.
    pub action_id: Arc<str>,
    /// Index of the step, from 0.
    pub index: usize,
    /// The step's result as in the reply. If it exceeds 8 KiB or has a picture, it is `{"bytes":n}` instead.
    pub step: Value,
}

/// An action ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionFinished {
    /// Identifies this run of the action.
    pub action_id: Arc<str>,
    /// Type of the action.
    #[serde(rename = "type")]
    pub kind: ActionType,
    /// Whether the action succeeded.
    pub success: bool,
    /// Run time in milliseconds.
    pub duration_ms: u64,
    /// The action's result or error. If it exceeds 8 KiB or has a picture, it is `{"bytes":n}` instead.
    pub result: Value,
}

/// The active page shows another document, or its document has another address. Also sent when another tab becomes
/// active because the active one closed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageNavigated {
    /// The new address.
    pub url: String,
}

/// The page opened a dialog, which was answered at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageDialog {
    /// `alert`, `confirm`, `prompt` or `beforeunload`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Text of the dialog.
    pub message: String,
    /// Whether the dialog was accepted; otherwise it was dismissed.
    pub accepted: bool,
}

/// The page opened a tab, which is now the active page.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageNewTab {
    /// The address the tab was opened with.
    pub url: String,
}

/// The page offered a download, which was refused.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageDownload {
    /// Address of the file.
    pub url: String,
    /// Name of the file, as suggested by the site.
    pub suggested_filename: String,
}

/// A page of this session crashed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageCrashed {
    /// Whether it was the session's root page, in which case the session ends.
    pub root: bool,
}

/// The deadline of the session changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRenewed {
    /// The new deadline.
    pub expires_at: Timestamp,
}

/// The session ended. This is the last event of its log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionClosed {
    /// The final view.
    pub session: Box<SessionView>,
}

/// An event without its position in the log.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is documented at its type")]
pub enum EventKind {
    ActionStarted(ActionStarted),
    ActionStep(ActionStep),
    ActionFinished(ActionFinished),
    PageNavigated(PageNavigated),
    PageDialog(PageDialog),
    PageNewTab(PageNewTab),
    PageDownload(PageDownload),
    PageCrashed(PageCrashed),
    SessionRenewed(SessionRenewed),
    SessionClosed(SessionClosed),
}

impl EventKind {
    /// The event's name on the wire.
    pub fn method(&self) -> &'static str {
        match self {
            Self::ActionStarted(_) => "action.started",
            Self::ActionStep(_) => "action.step",
            Self::ActionFinished(_) => "action.finished",
            Self::PageNavigated(_) => "page.navigated",
            Self::PageDialog(_) => "page.dialog",
            Self::PageNewTab(_) => "page.newTab",
            Self::PageDownload(_) => "page.download",
            Self::PageCrashed(_) => "page.crashed",
            Self::SessionRenewed(_) => "session.renewed",
            Self::SessionClosed(_) => "session.closed",
        }
    }
}

#[cfg(feature = "redis")]
impl EventKind {
    /// Parses an event from [`EventKind::method`] and its serialised parameters; `None` if a later version sent it.
    pub(crate) fn read(method: &str, params: Value) -> Option<Self> {
        fn params_of<T: serde::de::DeserializeOwned>(params: Value) -> Option<T> {
            serde_json::from_value(params).ok()
        }
        Some(match method {
            "action.started" => Self::ActionStarted(params_of(params)?),
            "action.step" => Self::ActionStep(params_of(params)?),
            "action.finished" => Self::ActionFinished(params_of(params)?),
            "page.navigated" => Self::PageNavigated(params_of(params)?),
            "page.dialog" => Self::PageDialog(params_of(params)?),
            "page.newTab" => Self::PageNewTab(params_of(params)?),
            "page.download" => Self::PageDownload(params_of(params)?),
            "page.crashed" => Self::PageCrashed(params_of(params)?),
            "session.renewed" => Self::SessionRenewed(params_of(params)?),
            "session.closed" => Self::SessionClosed(params_of(params)?),
            _ => return None,
        })
    }
}

/// Serialises only the parameters; the name is a separate field.
impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::ActionStarted(params) => params.serialize(serializer),
            Self::ActionStep(params) => params.serialize(serializer),
            Self::ActionFinished(params) => params.serialize(serializer),
            Self::PageNavigated(params) => params.serialize(serializer),
            Self::PageDialog(params) => params.serialize(serializer),
            Self::PageNewTab(params) => params.serialize(serializer),
            Self::PageDownload(params) => params.serialize(serializer),
            Self::PageCrashed(params) => params.serialize(serializer),
            Self::SessionRenewed(params) => params.serialize(serializer),
            Self::SessionClosed(params) => params.serialize(serializer),
        }
    }
}

/// An encoding of events on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireForm {
    /// JSON text.
    Json,
    /// MessagePack bytes.
    MessagePack,
}

/// One entry of the log.
#[derive(Debug)]
pub struct Event {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// What happened.
    pub kind: EventKind,
    frames: [OnceLock<Bytes>; 2],
}

impl Event {
    /// An entry at this position.
    pub fn new(seq: u64, kind: EventKind) -> Self {
        Self { seq, kind, frames: [const { OnceLock::new() }; 2] }
    }

    /// An event of a session on another instance, with the frame that its owner encoded.
    #[cfg(feature = "redis")]
    pub(crate) fn relayed(seq: u64, kind: EventKind, message_pack: Option<Bytes>) -> Self {
        let event = Self::new(seq, kind);
        if let (Some(frame), [_, kept]) = (message_pack, &event.frames) {
            kept.get_or_init(|| frame);
        }
        event
    }

    /// The event as an encoded frame. The first caller encodes it, and all followers share the result.
    pub fn frame(&self, form: WireForm, make: impl FnOnce() -> Bytes) -> Bytes {
        let [json, message_pack] = &self.frames;
        let made = match form {
            WireForm::Json => json,
            WireForm::MessagePack => message_pack,
        };
        made.get_or_init(make).clone()
    }
}

/// Identifies one unbroken log. A `seq` is only meaningful together with its epoch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Epoch(pub(crate) Arc<str>);

/// The position up to which a follower has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Since {
    /// Epoch of the log it read.
    pub epoch: Epoch,
    /// `seq` of the last event it has.
    pub seq: u64,
}
