//! The output of a session: the events of its log, the frames that carry them, and its console lines.
//!
//! This module owns data and one bounded feed. It must not know how the log is kept or followed, which
//! [`actor`](crate::actor) does.

mod console;
mod frame;
mod kind;

pub use self::{
    console::{ConsoleEntry, ConsoleFeed, ConsoleFeedWriter, ConsoleLine},
    frame::EventFrame,
    kind::{
        ActionFinished, ActionStarted, ActionStep, Epoch, Event, EventKind, PageCrashed, PageDialog, PageDownload,
        PageNavigated, PageNewTab, SessionClosed, SessionRenewed, Since, WireForm,
    },
};
