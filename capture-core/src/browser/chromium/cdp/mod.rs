//! A thin client of the DevTools protocol over Chromium's debugging pipe.
//!
//! Messages are JSON terminated by a NUL byte. Commands are written without waiting for each other. Replies are matched
//! to callers by id, and events to pages by session. This module must not know what the commands mean.

mod answer;
mod captured;
pub(super) mod commands;
mod connection;
mod error;
pub(super) mod events;
mod message;
pub(super) mod objects;
pub(super) mod pipe;
mod reading;
mod session;
mod session_key;
mod stream;

#[cfg(any(test, fuzzing))]
pub(super) use self::stream::events_of;
pub(super) use self::{
    answer::RawReply,
    captured::captured,
    connection::{Connection, Listener, Missed, Pending},
    error::{CdpError, brief},
    message::{Event, Logged, LoggedKind},
    session::CdpSession,
    session_key::SessionKey,
};
