//! A session as data: what it is asked for, how it lives and ends, what the outside sees of it.
//!
//! Pure: no task, page, socket or clock of its own. The task that runs a session is [`actor`](crate::actor).

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
