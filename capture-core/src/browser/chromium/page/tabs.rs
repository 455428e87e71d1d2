//! The tabs of one session: which one is active, and what happened in them.
//!
//! The event loop writes what the browser reports. Actions write only what they begin and change themselves: what
//! happened during the action (`perform.rs`), the shape (`viewport.rs`), documents that a script found gone
//! (`world.rs`), and the end (`perform.rs`). All others read the state and wait for changes.

#[cfg(feature = "render")]
use std::sync::Arc;

use chromiumoxide::cdp::browser_protocol::input::DragData;
use tokio::time::Instant;

#[cfg(feature = "render")]
use super::http_auth::HttpAuth;
use super::{
    clipboard::Clip,
    document::World,
    emulation::Emulation,
    frames::Frame,
    shape::Shape,
    tab::{BLANK, Tab},
};
#[cfg(feature = "render")]
use crate::block_lists::BlockLists;
use crate::{
    action::{DialogReport, DownloadReport},
    browser::{LostReason, chromium::cdp::SessionKey},
};

/// The published state of a session's tabs.
#[derive(Debug, Default)]
pub(crate) struct Tabs {
    /// The tabs, oldest first; the last one is active.
    pub(crate) open: Vec<Tab>,
    /// Pages that may belong to a client. They are not active until that is known.
    pub(crate) undecided: Vec<Tab>,
    /// The first tab of the session, or the one that replaced it.
    pub(crate) root: Option<SessionKey>,
    /// What has happened since the action began.
    pub(crate) noticed: Noticed,
    pub(crate) lost: Option<LostReason>,
    pub(crate) shape: Shape,
    pub(crate) emulation: Emulation,
    /// What the pages may not request.
    #[cfg(feature = "render")]
    pub(crate) block_lists: Option<Arc<BlockLists>>,
    /// Credentials for HTTP authentication, if the page was given any.
    #[cfg(feature = "render")]
    pub(crate) http_auth: Option<HttpAuth>,
    /// What the session copied last.
    pub(crate) clip: Clip,
    /// Open dialogs that were left to clients.
    pub(crate) asking: Vec<OpenDialog>,
}

/// An open dialog that was left to a client.
#[derive(Debug, Clone)]
pub(crate) struct OpenDialog {
    /// The page or frame that opened the dialog.
    pub(crate) page: SessionKey,
    /// The dialog, with the answer that the server would give.
    pub(crate) dialog: DialogReport,
    pub(crate) since: Instant,
}

/// What happened while an action ran.
#[derive(Debug, Default)]
pub(crate) struct Noticed {
    pub(crate) dialogs: Vec<DialogReport>,
    /// A dialog that was left to clients and delayed the action.
    pub(crate) held_up: Option<DialogReport>,
    pub(crate) download: Option<DownloadReport>,
    /// Address of a tab that the page requested.
    pub(crate) window: Option<String>,
    /// A tab that opened.
    pub(crate) tab: Option<SessionKey>,
    /// Number of documents and addresses that arrived.
    pub(crate) navigations: u64,
    /// A drag that we have to carry out.
    pub(crate) drag: Option<DragData>,
}

impl Tab {
    /// Its main document, once our scripts can run in it.
    pub(crate) fn world(&self) -> Option<World> {
        self.frames.main().and_then(world)
    }
}

fn world(frame: &Frame) -> Option<World> {
    let context = frame.context.clone()?;
    Some(World { session: frame.session.clone(), frame: frame.id.clone(), context })
}

impl Tabs {
    /// The tab on which actions work.
    pub(crate) fn active(&self) -> Option<&Tab> {
        self.open.last()
    }

    /// The tab with this key.
    pub(crate) fn tab(&self, key: &SessionKey) -> Option<&Tab> {
        self.open.iter().find(|tab| tab.key == *key)
    }

    /// The main document of the active tab, once our scripts can run in it.
    pub(crate) fn world(&self) -> Option<World> {
        self.active()?.world()
    }

    /// The documents of its other frames, in tree order.
    pub(crate) fn other_worlds(&self) -> Vec<World> {
        let frames = self.active().map(|tab| tab.frames.children()).unwrap_or_default();
        frames.into_iter().filter_map(world).collect()
    }

    /// The document of the active tab that has this world.
    pub(crate) fn world_of(&self, unique: &str) -> Option<World> {
        self.active()?.frames.in_context(unique).and_then(world)
    }

    /// The document that contains this frame, and whether it is in another process.
    pub(crate) fn holder(&self, frame: &str) -> Option<(World, bool)> {
        let (holder, separate) = self.active()?.frames.holder(frame)?;
        Some((world(holder)?, separate))
    }

    /// Whether any tab shows the document of this world.
    pub(crate) fn know(&self, unique: &str) -> bool {
        self.open.iter().any(|tab| tab.frames.in_context(unique).is_some())
    }

    /// Removes a tab. If it was active, returns the address of the tab that is active then.
    pub(crate) fn remove(&mut self, key: &SessionKey) -> Option<String> {
        let was_active = self.active().is_some_and(|tab| tab.key == *key);
        self.open.retain(|tab| tab.key != *key);
        self.undecided.retain(|tab| tab.key != *key);
        self.active().filter(|_| was_active).map(|tab| tab.url.clone())
    }

    /// A tab that was opened for a download and has shown no document of its own. Browsers close such tabs.
    pub(crate) fn opened_for_nothing(&mut self, target: &str) -> Option<SessionKey> {
        let tab = self.open.iter().skip(1).find(|tab| tab.target == target)?;
        if tab.acted_on || tab.url != BLANK {
            return None;
        }
        let key = tab.key.clone();
        if self.root.as_ref() == Some(&key) {
            return None;
        }
        if self.noticed.tab.as_ref() == Some(&key) {
            (self.noticed.tab, self.noticed.window) = (None, None);
        }
        Some(key)
    }

    pub(crate) fn owner(&mut self, session: &SessionKey) -> Option<&mut Tab> {
        self.open.iter_mut().chain(&mut self.undecided).find(|tab| tab.frames.own(session))
    }

    /// Removes a page that belongs to a client; returns its session, if it was among the undecided ones.
    pub(crate) fn disown(&mut self, target: &str) -> Option<SessionKey> {
        let at = self.undecided.iter().position(|tab| tab.target == target)?;
        Some(self.undecided.remove(at).key)
    }

    /// Makes the undecided pages the session's own, because no client waits for a page any more.
    pub(crate) fn adopt(&mut self) -> Vec<SessionKey> {
        let adopted: Vec<Tab> = std::mem::take(&mut self.undecided);
        let keys: Vec<SessionKey> = adopted.iter().map(|tab| tab.key.clone()).collect();
        if let Some(newest) = keys.last() {
            self.noticed.tab = Some(newest.clone());
        }
        self.open.extend(adopted);
        keys
    }
}
