//! Events that we put among those of the browser, so that they are taken in their order.
//!
//! Their names begin with `Capture.`, which no domain of the protocol has.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::browser::chromium::cdp::{Event, LoggedKind};

/// An event was too large to be taken: its name and size stand in it.
pub(crate) const MISSED: &str = "Capture.eventMissed";
/// A client's command that makes a target was answered, with its result or null.
pub(crate) const TARGET_MADE: &str = "Capture.targetMade";
/// A client answers dialogs no longer.
pub(crate) const CLIENT_QUIET: &str = "Capture.clientQuiet";
/// A dialog that was left to a client has held up an action long enough.
pub(crate) const CLIENT_SLOW: &str = "Capture.clientSlow";

/// What [`MISSED`] tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MissedEvent {
    pub(crate) method: String,
    pub(crate) bytes: usize,
}

/// The target that [`TARGET_MADE`] tells of, where one was made.
pub(crate) fn made_target(event: &Event) -> Option<String> {
    event.decode::<Value>()?.get("targetId")?.as_str().map(str::to_owned)
}

/// The size of something a page logged, also where that was too large to be told.
pub(crate) fn logged_bytes(event: &Event) -> Option<usize> {
    if &*event.method == MISSED {
        return event
            .decode::<MissedEvent>()
            .filter(|missed| LoggedKind::of(&missed.method).is_some())
            .map(|missed| missed.bytes);
    }
    LoggedKind::of(&event.method).map(|_| event.bytes())
}
