//! A thin client of the DevTools protocol over Chromium's debugging pipe.
//!
//! Messages are JSON ended by a NUL byte. Commands are written without waiting for each other; replies find their caller
//! by id, events find their page by session. Knows nothing of what the commands mean.

mod answer;
pub(super) mod commands;
mod connection;
mod message;
pub(super) mod objects;
mod reading;
mod session;
mod stream;

#[cfg(any(test, fuzzing))]
pub(super) use self::stream::events_of;
pub(super) use self::{
    answer::{CdpError, RawReply, brief},
    connection::{Connection, Listener, Missed, Pending},
    message::{Event, Logged, LoggedKind},
    session::{CdpSession, SessionKey},
};
