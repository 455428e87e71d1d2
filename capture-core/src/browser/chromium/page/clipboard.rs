//! The clipboard of a session. A browser has one for all of its sessions, so `scripts/clipboard.js` lets a page hear of
//! a paste only what its own session copied last. A browser of one session's own needs none of this: there CDP clients
//! paste as they like.

use super::frames::WORLD;
use crate::browser::chromium::cdp::{CdpSession, Event, commands};
use serde::{Deserialize, Serialize};

/// The function our scripts tell of copies with; only their world has it.
pub(crate) const COPIED: &str = "captureCopied";

/// What was copied last, at most `CLIP_CHARS` of the script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clip {
    text: String,
    /// Markup a page gave for it.
    html: Option<String>,
}

#[derive(Deserialize)]
struct Called {
    name: String,
    payload: String,
}

/// Keeps what this page, or this frame with a process of its own, copies and pastes apart from other sessions; after
/// our scripts.
pub(crate) fn separate(target: &CdpSession) {
    listen(target);
    drop(target.send(&commands::add_script("capture.run('separateClipboard', [0, 0]);", WORLD)));
}

/// Hears of copies, anew where the browser has forgotten that.
pub(crate) fn listen(target: &CdpSession) {
    drop(target.send(&commands::add_binding(COPIED, WORLD)));
}

/// What a page says it copied.
pub(crate) fn copied(event: &Event) -> Option<Clip> {
    let called: Called = event.decode()?;
    (called.name == COPIED).then(|| serde_json::from_str(&called.payload).ok())?
}
