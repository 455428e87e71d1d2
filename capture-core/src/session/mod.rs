//! One session: what it is asked for, how it lives and ends, what it reports.

mod actor;
mod batch;
mod dedupe;
mod events;
mod handle;
mod id;
mod lifecycle;
mod options;
mod usage;
mod view;

pub(crate) use self::{
    actor::{Context, Opened, start},
    dedupe::Dedupe,
    handle::Handle,
};
pub use self::{
    dedupe::{IdempotencyKey, InvalidKey, Keyed, RequestHash},
    events::{Epoch, Event, EventKind, Follow, Since},
    id::{InvalidSessionId, SessionId},
    lifecycle::{BeyondMaximum, Lifecycle},
    options::{SessionOptions, parse_ttl},
    usage::{Count, Usage},
    view::{CloseReason, SessionView, Status},
};
