//! Keys that paste: the page only gets what its own session copied last (`page/clipboard.rs`).

use futures::future::join_all;
use tokio::time::Instant;

use crate::{
    action::{Chord, Modifier},
    browser::chromium::page::{chromium_page::ChromiumPage, locate::PEEK},
};

/// Whether the key pastes.
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
    /// Before a key that pastes, tells the documents of the active tab which content may be pasted.
    pub(crate) async fn separate_clipboard(&self, chord: &Chord, deadline: Instant) {
        if self.context.is_whole() || !pastes(chord) {
            return;
        }
        let (clip, worlds) = {
            let tabs = self.tabs.borrow();
            (tabs.clip.clone(), tabs.world().into_iter().chain(tabs.other_worlds()).collect::<Vec<_>>())
        };
        let soon = deadline.min(Instant::now() + PEEK);
        // A document that does not answer refuses the paste.
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
