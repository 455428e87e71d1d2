//! What happens in a session, as its log tells it. The names are the channel's.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{action_type::ActionType, clock::Timestamp, session::SessionView};

/// An action was taken from the queue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionStarted {
    /// Names this run.
    pub action_id: Arc<str>,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ActionType,
    /// The connection that asked, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
}

/// A step of a batch ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionStep {
    /// The batch.
    pub action_id: Arc<str>,
    /// Which step, from 0.
    pub index: usize,
    /// Its result as it will stand in the reply; above 8 KiB, or with a picture, `{"bytes":n}`.
    pub step: Value,
}

/// An action ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionFinished {
    /// Names this run.
    pub action_id: Arc<str>,
    /// What it did.
    #[serde(rename = "type")]
    pub kind: ActionType,
    /// Whether it ended well.
    pub success: bool,
    /// How long it ran.
    pub duration_ms: u64,
    /// What it brought, or its error; above 8 KiB, or with a picture, `{"bytes":n}`.
    pub result: Value,
}

/// The active page shows another document, or another address of the same document; also because its tab closed, and
/// another one is active.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageNavigated {
    /// Where it is.
    pub url: String,
}

/// The page opened a dialog; it was answered at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageDialog {
    /// `alert`, `confirm`, `prompt` or `beforeunload`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it said.
    pub message: String,
    /// How it was answered.
    pub accepted: bool,
}

/// The page opened a tab, which is now the active page.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageNewTab {
    /// Where it was asked to go.
    pub url: String,
}

/// The page offered a download; it was refused.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageDownload {
    /// Of the file.
    pub url: String,
    /// As the site named it.
    pub suggested_filename: String,
}

/// A page of this session crashed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PageCrashed {
    /// Whether it was the root page; then the session ends.
    pub root: bool,
}

/// The deadline changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRenewed {
    /// The new one.
    pub expires_at: Timestamp,
}

/// The session ended; the last event of its log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionClosed {
    /// Its final form.
    pub session: Box<SessionView>,
}

/// What happened.
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
    /// Its name on the wire.
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
    /// Reads what [`EventKind::method`] and its serialised form say; `None` is an event of a later version.
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

/// The parameters alone; the name stands beside them.
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

/// A form of an event on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireForm {
    /// As text.
    Json,
    /// As bytes.
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

    /// An event of a session elsewhere, with the frame its owner made of it.
    #[cfg(feature = "redis")]
    pub(crate) fn relayed(seq: u64, kind: EventKind, message_pack: Option<Bytes>) -> Self {
        let event = Self::new(seq, kind);
        if let (Some(frame), [_, kept]) = (message_pack, &event.frames) {
            kept.get_or_init(|| frame);
        }
        event
    }

    /// The event as a frame of a transport, made by whoever needs it first and shared by all that follow the session.
    pub fn frame(&self, form: WireForm, make: impl FnOnce() -> Bytes) -> Bytes {
        let [json, message_pack] = &self.frames;
        let made = match form {
            WireForm::Json => json,
            WireForm::MessagePack => message_pack,
        };
        made.get_or_init(make).clone()
    }
}

/// Names one unbroken log; a `seq` means something only together with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Epoch(pub(crate) Arc<str>);

/// Where a follower stopped reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Since {
    /// The log it read.
    pub epoch: Epoch,
    /// The last event it has.
    pub seq: u64,
}
