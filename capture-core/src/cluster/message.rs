//! The messages between instances, as MessagePack with named fields. Unknown fields are ignored, so that different
//! versions can run side by side during a rolling restart.

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
    render::{RenderRequest, Rendered},
    session::{Keyed, SessionId, SessionOptions, SessionView},
};

/// Messages of more bytes than this are stored beside the bus.
pub(super) const LARGE: usize = 64 * 1024;

/// One message.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// A request for the owner of a session.
    Ask(Box<Ask>),
    /// Acknowledges the question with this number: it is being worked on.
    Heard(u64),
    /// The result of the question with this number.
    Answer(u64, Result<Box<VerbResponse>, RelayedError>),
    /// Items for the follower of a feed, in order.
    Feed(u64, Vec<Item>),
    /// The follower of this feed has left.
    Unfollow(InstanceId, u64),
    /// The message is stored beside the bus under this name.
    Large(String),
}

/// A request to another instance. It is sent again under one number until it is answered, and carried out once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) from: InstanceId,
    pub(super) number: u64,
    /// Deadline by the shared clock, in milliseconds. After it the caller no longer waits, and nothing may begin.
    pub(super) until: i64,
    pub(super) user: UserId,
    pub(super) by: Option<Arc<str>>,
    pub(super) verb: Verb,
}

/// The verb of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Verb {
    Create {
        options: SessionOptions,
        keyed: Option<Keyed>,
    },
    Render(Box<RenderRequest>),
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
    /// Requests the next picture after the one with this number, for the view with this name.
    Look {
        id: SessionId,
        options: ViewOptions,
        view: u64,
    },
}

impl Verb {
    /// The session of the request, if its events must be sent before the answer.
    pub(super) fn session(&self) -> Option<SessionId> {
        match self {
            Self::Renew(id, _) | Self::Execute { id, .. } | Self::Cancel(id, _) | Self::Close(id) => Some(*id),
            Self::Create { .. }
            | Self::Render(_)
            | Self::Get(_)
            | Self::List
            | Self::Follow { .. }
            | Self::Look { .. } => None,
        }
    }
}

/// The result of a verb.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum VerbResponse {
    Created {
        session: SessionView,
        replayed: bool,
    },
    Rendered(Box<Rendered>),
    Session(SessionView),
    Sessions(Vec<SessionView>),
    ActionResponse(Box<ActionResponse>),
    Dropped(SessionView),
    Cancelled(bool),
    Following(Box<Following>),
    /// The next picture; `None` if there is none yet.
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

/// The start of a feed for a follower on another instance.
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

/// An item of a feed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Item {
    /// An event of the log, as the frame that followers get.
    Event(Bytes),
    /// A console message, with the number of lines dropped before it.
    Console(ConsoleMessage, u64),
    /// A page error, with the number of lines dropped before it.
    Error(PageError, u64),
    /// The position of the log, so that the loss of the last message is noticed.
    Position(u64),
    /// The feed ends without the last event.
    End,
}

impl Message {
    pub(super) fn encode(&self) -> Bytes {
        // Encoding cannot fail for these types: their maps have text keys.
        rmp_serde::to_vec_named(self).map(Bytes::from).unwrap_or_default()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        rmp_serde::from_slice(bytes).ok()
    }

    /// The sender and the number of a request whose verb this version does not know.
    pub(super) fn unknown_request(bytes: &[u8]) -> Option<(InstanceId, u64)> {
        #[derive(Deserialize)]
        struct Head {
            from: InstanceId,
            number: u64,
        }
        #[derive(Deserialize)]
        enum Request {
            Ask(Head),
        }
        let Request::Ask(Head { from, number }) = rmp_serde::from_slice(bytes).ok()?;
        Some((from, number))
    }
}

/// Encodes a frame as followers get it.
pub(super) fn encode_frame(frame: &impl Serialize) -> Bytes {
    rmp_serde::to_vec_named(frame).map(Bytes::from).unwrap_or_default()
}
