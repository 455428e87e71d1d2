//! The frames of the channel: requests of the client, answers and events of the server.
//!
//! Owns their fields. Knows nothing of bytes, which are the codec's, and nothing of connections.

mod command;
mod event;
mod reply;
mod request;

pub use self::{
    command::{Command, EventFilter},
    event::{Countdown, LineParams, ViewParams},
    reply::{
        Cancelled, ConnectableSession, Empty, ErrorBody, Failure, Hello, Pong, SessionResult, SessionsResult, Snapshot,
        Subscribed, Success,
    },
    request::{BadRequest, Request},
};
pub(crate) use self::{event::ViewText, reply::ErrorFields};
