//! Events that the server inserts among those of the browser, so that they are processed in order.
//!
//! Their names begin with `Capture.`, which is not a domain of the protocol.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::browser::chromium::cdp::{Event, LoggedKind};

/// An event was too large to be read. Holds its name and size.
pub(crate) const MISSED: &str = "Capture.eventMissed";
/// A client's command that creates a target was answered. Holds the result or null.
pub(crate) const TARGET_MADE: &str = "Capture.targetMade";
/// A client no longer answers dialogs.
pub(crate) const CLIENT_QUIET: &str = "Capture.clientQuiet";
/// A dialog that was left to a client has delayed an action for too long.
pub(crate) const CLIENT_SLOW: &str = "Capture.clientSlow";

/// The content of a [`MISSED`] event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MissedEvent {
    pub(crate) method: String,
    pub(crate) bytes: usize,
}

/// The target in a [`TARGET_MADE`] event, if one was created.
pub(crate) fn made_target(event: &Event) -> Option<String> {
    event.decode::<Value>()?.get("targetId")?.as_str().map(str::to_owned)
}

/// The size in bytes of a console event, including one that was too large to be read.
pub(crate) fn logged_bytes(event: &Event) -> Option<usize> {
    if &*event.method == MISSED {
        return event
            .decode::<MissedEvent>()
            .filter(|missed| LoggedKind::of(&missed.method).is_some())
            .map(|missed| missed.bytes);
    }
    LoggedKind::of(&event.method).map(|_| event.bytes())
}
