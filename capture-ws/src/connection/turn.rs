//! What the loop of a connection reacts to: messages, news, completed requests, and reasons to stop.

use capture_core::{
    Created, Error, Executed,
    actor::{Follow, View},
    session::{SessionId, SessionView},
};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::subscriptions::News;
use crate::frame::EventFilter;

/// Why a reader stops.
pub(super) enum Stop {
    /// The client is gone.
    Left,
    /// The outbox is to be closed.
    Closing,
}

/// The next input of a connection.
pub(super) enum Turn {
    News(News),
    Done(Box<Done>),
    Message(Option<Result<Message, WsError>>),
    Timer,
    Stopped,
    Displaced,
    Unread,
}

/// A request that has completed.
pub(super) struct Done {
    pub(super) id: u64,
    pub(super) session: Option<SessionId>,
    pub(super) result: Result<Answer, Error>,
}

/// The result of a completed request.
pub(super) enum Answer {
    Created(Created, Option<String>),
    Session(SessionView, Option<String>),
    Sessions(Vec<SessionView>),
    Executed(Executed),
    Cancelled(bool),
    Followed(Box<Follow>, EventFilter),
    Viewed(View),
}
