//! The clipboard of a session. A browser has one clipboard for all of its sessions, so `scripts/clipboard.js` lets a
//! page paste only what its own session copied last. A dedicated browser does not need this, and CDP clients paste
//! there without restrictions.

use super::frames::WORLD;
use crate::browser::chromium::cdp::{CdpSession, Event, commands};
use serde::{Deserialize, Serialize};

/// The function with which our scripts report copies. It exists only in their world.
pub(crate) const COPIED: &str = "captureCopied";

/// The content that was copied last, at most `CLIP_CHARS` characters of the script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clip {
    text: String,
    /// The markup that a page provided with it.
    html: Option<String>,
}

#[derive(Deserialize)]
struct Called {
    name: String,
    payload: String,
}

/// Separates the clipboard of this page, or of this frame with a process of its own, from other sessions. It must be
/// called after our scripts were added.
pub(crate) fn separate(target: &CdpSession) {
    listen(target);
    drop(target.send(&commands::add_script("capture.run('separateClipboard', [0, 0]);", WORLD)));
}

/// Subscribes to reports of copies, also after the browser has lost the subscription.
pub(crate) fn listen(target: &CdpSession) {
    drop(target.send(&commands::add_binding(COPIED, WORLD)));
}

/// The content in a page's report of a copy.
pub(crate) fn copied(event: &Event) -> Option<Clip> {
    let called: Called = event.decode()?;
    (called.name == COPIED).then(|| serde_json::from_str(&called.payload).ok())?
}
