//! What a session tells: the events of its log, the frame they travel in, and the lines of its console.
//!
//! Data and a bounded feed; who keeps the log and who follows it is the business of [`actor`](crate::actor).

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
