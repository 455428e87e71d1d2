//! What instances say to each other, as MessagePack with named fields: versions live side by side during a rolling restart,
//! and fields they do not know are ignored.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::relayed::{RelayedError, RelayedOutcome};
use crate::{
    account::UserId,
    action::{ConsoleMessage, PageError},
    actor::{NumberedFrame, ViewOptions},
    call::ActionName,
    event::Since,
    ledger::redis::InstanceId,
    session::{Keyed, SessionId, SessionOptions, SessionView},
};

/// Messages above this go beside the bus.
pub(super) const LARGE: usize = 64 * 1024;

/// One message.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// A verb for the owner of a session.
    Ask(Box<Ask>),
    /// It is being worked on.
    Heard(u64),
    /// How it ended.
    Answer(u64, Result<Box<VerbResponse>, RelayedError>),
    /// Something for a follower, in order.
    Feed(u64, Vec<Item>),
    /// Nobody follows that any more.
    Unfollow(InstanceId, u64),
    /// The message is kept under this name.
    Large(String),
}

/// A request to another instance. Sent again under the same number until it is answered; carried out once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) from: InstanceId,
    pub(super) number: u64,
    /// By the shared clock: after this nobody waits any more, and nothing may begin.
    pub(super) until: i64,
    pub(super) user: UserId,
    pub(super) by: Option<Arc<str>>,
    pub(super) verb: Verb,
}

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Verb {
    Create {
        options: SessionOptions,
        keyed: Option<Keyed>,
    },
    Get(SessionId),
    List,
    Renew(SessionId, u64),
    Execute {
        id: SessionId,
        action: Value,
        keyed: Option<Keyed>,
    },
    Cancel(SessionId, ActionName),
    Close(SessionId),
    Follow {
        id: SessionId,
        since: Option<Since>,
        feed: u64,
    },
    /// The next picture after the one with this number, for a view of this name.
    Look {
        id: SessionId,
        options: ViewOptions,
        view: u64,
    },
}

impl Verb {
    /// The session it is about, where what happened there must be told before the answer.
    pub(super) fn session(&self) -> Option<SessionId> {
        match self {
            Self::Renew(id, _) | Self::Execute { id, .. } | Self::Cancel(id, _) | Self::Close(id) => Some(*id),
            Self::Create { .. } | Self::Get(_) | Self::List | Self::Follow { .. } | Self::Look { .. } => None,
        }
    }
}

/// What was response.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum VerbResponse {
    Created {
        session: SessionView,
        replayed: bool,
    },
    Session(SessionView),
    Sessions(Vec<SessionView>),
    ActionResponse(Box<ActionResponse>),
    Dropped(SessionView),
    Cancelled(bool),
    Following(Box<Following>),
    /// None: none for now.
    Picture(Option<NumberedFrame>),
    /// There will be no more pictures.
    Ended,
}

/// The reply of an action.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ActionResponse {
    pub(super) action_id: Arc<str>,
    pub(super) duration_ms: u64,
    pub(super) outcome: RelayedOutcome,
    pub(super) seq: u64,
    pub(super) replayed: bool,
    pub(super) session: SessionView,
}

/// Where a follower of another instance begins.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Following {
    pub(super) epoch: crate::event::Epoch,
    pub(super) seq: u64,
    pub(super) recovered: bool,
    /// Events as frames, oldest first.
    pub(super) replay: Vec<Bytes>,
    pub(super) session: SessionView,
    pub(super) url: String,
}

/// Something for a follower.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Item {
    /// An event of the log, as the frame its watchers get.
    Event(Bytes),
    /// A message of the console, and how many were left out before it.
    Console(ConsoleMessage, u64),
    /// An error, likewise.
    Error(PageError, u64),
    /// Where the log stands: so that the loss of the last message is noticed.
    Position(u64),
    /// This feed is over, without the last event.
    End,
}

impl Message {
    pub(super) fn encode(&self) -> Bytes {
        // Types of ours with text names: there is no value that cannot be written.
        rmp_serde::to_vec_named(self).map(Bytes::from).unwrap_or_default()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        rmp_serde::from_slice(bytes).ok()
    }
}

/// A frame as its watchers get it.
pub(super) fn encode_frame(frame: &impl Serialize) -> Bytes {
    rmp_serde::to_vec_named(frame).map(Bytes::from).unwrap_or_default()
}
