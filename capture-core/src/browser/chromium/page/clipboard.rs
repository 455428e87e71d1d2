//! The clipboard of a session. A browser has one for all of its sessions, so `scripts/clipboard.js` lets a page hear of
//! a paste only what its own session copied last. A browser of one session's own needs none of this: there CDP clients
//! paste as they like.

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{chromium_page::ChromiumPage, frames::WORLD, locate::PEEK};
use crate::{
    action::{Chord, Modifier},
    browser::chromium::cdp::{CdpSession, Event, commands},
};

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

/// Whether a key pastes.
fn pastes(chord: &Chord) -> bool {
    let holds = |modifier: Modifier| chord.modifiers.contains(&modifier);
    match chord.key.to_ascii_lowercase().as_str() {
        "v" => holds(Modifier::Control) || holds(Modifier::Meta),
        "insert" => holds(Modifier::Shift),
        "paste" => true,
        _ => false,
    }
}

impl ChromiumPage {
    /// Before a key that pastes: tells the documents of the active tab what it may bring.
    pub(crate) async fn separate_clipboard(&self, chord: &Chord, deadline: Instant) {
        if self.context.is_whole() || !pastes(chord) {
            return;
        }
        let (clip, worlds) = {
            let tabs = self.tabs.borrow();
            (tabs.clip.clone(), tabs.world().into_iter().chain(tabs.other_worlds()).collect::<Vec<_>>())
        };
        let soon = deadline.min(Instant::now() + PEEK);
        // A document that does not answer keeps its paste to itself: nothing comes of it.
        join_all(worlds.iter().map(|world| world.ask::<bool>("allowPaste", &clip, soon))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_paste_are_known() {
        let chord = |modifiers: &[Modifier], key: &str| Chord {
            name: String::new(),
            modifiers: modifiers.to_vec(),
            key: key.to_owned(),
        };
        assert!(
            pastes(&chord(&[Modifier::Control], "v")) && pastes(&chord(&[Modifier::Control, Modifier::Shift], "V"))
        );
        assert!(pastes(&chord(&[Modifier::Shift], "Insert")));
        assert!(!pastes(&chord(&[], "v")) && !pastes(&chord(&[Modifier::Control], "c")));
    }
}
