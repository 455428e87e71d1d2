//! A session as data: its options, its lifecycle, its usage and its view.
//!
//! This module is pure: it has no task, page, socket or clock. The task that runs a session is [`actor`](crate::actor).

mod id;
mod key;
mod lifecycle;
mod options;
mod usage;
mod view;

pub use self::{
    id::{InvalidSessionId, SessionId},
    key::{IdempotencyKey, InvalidKey, Keyed, RequestHash},
    lifecycle::{BeyondMaximum, Lifecycle},
    options::{CONNECT_LIFE, InvalidOption, SessionOptions, parse_ttl},
    usage::{Count, Usage},
    view::{CloseReason, SessionView, Status},
};
