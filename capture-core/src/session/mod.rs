//! One session: what it is asked for, how it lives and ends, what it reports.

mod actor;
mod batch;
mod connecting;
mod dedupe;
mod ending;
mod event;
mod frame;
mod handle;
mod id;
mod lease;
mod lifecycle;
mod line;
mod live_view;
mod log;
mod options;
mod pools;
mod queue;
mod replies;
mod usage;
mod view;

pub(crate) use self::{
    actor::{Context, Opened, start},
    dedupe::Dedupe,
    handle::Handle,
    lease::Lease,
    log::EventLog,
};
pub use self::{
    dedupe::{IdempotencyKey, InvalidKey, Keyed, RequestHash},
    event::{
        ActionFinished, ActionStarted, ActionStep, Epoch, Event, EventKind, PageCrashed, PageDialog, PageDownload,
        PageNavigated, PageNewTab, SessionClosed, SessionRenewed, Since, WireForm,
    },
    frame::EventFrame,
    id::{InvalidSessionId, SessionId},
    lifecycle::{BeyondMaximum, Lifecycle},
    line::{Line, Lines, Said, Teller},
    live_view::{Shown, View, ViewOptions},
    log::Follow,
    options::{SessionOptions, parse_ttl},
    usage::{Count, Usage},
    view::{CloseReason, SessionView, Status},
};
