//! The pages, frames and workers of a session as they come and go: which become its tabs, and what a page that closes,
//! crashes or becomes a download leaves behind.

use std::sync::Arc;

use tokio::sync::watch;

use super::{reports::Reports, shape::Shape, tab::Tab, tabs::Tabs, target_setup};
use crate::{
    action::DownloadReport,
    browser::{
        LostReason,
        chromium::{
            cdp::{
                CdpSession, Event, SessionKey, commands,
                events::{Attached, Download, TargetInfo},
            },
            instance::{browser::Browser, cdp_clients::Maker, internal_events},
        },
    },
    event::{EventKind, PageCrashed, PageDownload, PageNewTab},
};

/// Maximum number of tabs of a session. Further ones are closed as they open.
const MAX_TABS: usize = 20;

/// Handles the targets of a session for its event loop.
pub(crate) struct Targets {
    pub(crate) browser: Arc<Browser>,
    pub(crate) context: String,
    pub(crate) tabs: Arc<watch::Sender<Tabs>>,
    pub(crate) reports: Reports,
    /// Whether other sessions also use the browser's clipboard.
    pub(crate) shares_clipboard: bool,
}

impl Targets {
    pub(super) fn on_attached(&self, event: &Event) {
        let Some(Attached { session_id, target_info }) = event.decode() else { return };
        let key = SessionKey::from(session_id.as_str());
        let session = self.browser.page_session(key.clone());
        match target_info.kind.as_str() {
            "iframe" => self.on_frame(&event.session, key, session, target_info),
            "worker" => {
                // This enables console messages and exceptions.
                drop(session.send(&commands::enable_runtime()));
                drop(session.send(&commands::run()));
            }
            _ => self.on_page(&key, session, target_info),
        }
    }

    /// Handles a frame that got a process of its own: sets it up and lets it run.
    fn on_frame(&self, holder: &SessionKey, key: SessionKey, session: CdpSession, info: TargetInfo) {
        {
            let tabs = self.tabs.borrow();
            target_setup::prepare_frame(&session, tabs.shape, &tabs.emulation, self.shares_clipboard);
        }
        self.tabs.send_modify(|tabs| {
            if let Some(tab) = tabs.owner(holder) {
                tab.frames.adopt(info.target_id, info.parent_frame_id, key, session);
            }
        });
    }

    /// Handles a new, paused page: sets it up, lets it run, and makes it the active tab.
    fn on_page(&self, key: &SessionKey, session: CdpSession, target_info: TargetInfo) {
        let opener = target_info.opener_id.as_deref();
        let maker = self.browser.event_router().clients().maker(&target_info.target_id, opener);
        if maker == Maker::Client {
            return self.release(key, &session);
        }
        let (count, shape) = {
            let tabs = self.tabs.borrow();
            (tabs.open.len() + tabs.undecided.len(), tabs.shape)
        };
        if count >= MAX_TABS {
            drop(session.send(&commands::run()));
            self.close_target(&target_info.target_id);
            return;
        }
        // The first tab was created with its size, and so is one that replaces it, unless the size was changed.
        let sized = (count > 0 || shape != Shape::default()).then_some(shape);
        target_setup::prepare(&session, sized, &self.tabs.borrow().emulation, self.shares_clipboard);
        let mut tab = Tab::new(key.clone(), session, target_info.target_id);
        tab.opener.clone_from(&target_info.opener_id);
        if maker == Maker::Unknown {
            return self.tabs.send_modify(|tabs| tabs.undecided.push(tab));
        }
        let mut first = false;
        self.tabs.send_modify(|tabs| {
            first = tabs.root.is_none();
            let opener = tabs.open.iter().position(|tab| Some(&tab.target) == target_info.opener_id.as_ref());
            match opener.filter(|place| place + 1 < tabs.open.len()) {
                // A tab that was opened by a background tab stays in the background, behind its opener.
                Some(place) => tabs.open.insert(place, tab),
                None => {
                    if first {
                        tabs.root = Some(key.clone());
                    } else {
                        tabs.noticed.tab = Some(key.clone());
                    }
                    tabs.open.push(tab);
                }
            }
        });
        if !first {
            let url = self.tabs.borrow().noticed.window.clone().unwrap_or_default();
            self.reports.tell(EventKind::PageNewTab(PageNewTab { url }));
        }
    }

    /// Lets a client's page run, without adding it to the session's tabs.
    fn release(&self, key: &SessionKey, session: &CdpSession) {
        drop(session.send(&commands::run()));
        drop(self.browser.session().send(&commands::detach(key.as_ref())));
    }

    /// Handles the information which page a client created.
    pub(super) fn on_made(&self, event: &Event) {
        let target = internal_events::made_target(event);
        let waited_for = self.browser.event_router().clients().made(target.as_deref());
        let (mut released, mut adopted) = (None, Vec::new());
        self.tabs.send_modify(|tabs| {
            released = target.as_ref().and_then(|target| tabs.disown(target));
            if !waited_for {
                adopted = tabs.adopt();
            }
        });
        if let Some(key) = released {
            self.release(&key, &self.browser.page_session(key.clone()));
        }
        for _ in adopted {
            self.reports.tell(EventKind::PageNewTab(PageNewTab { url: String::new() }));
        }
    }

    pub(super) fn on_detached(&self, key: &SessionKey) {
        let is_tab = self.tabs.borrow().open.iter().any(|tab| tab.key == *key);
        if is_tab {
            return self.on_gone(key);
        }
        self.tabs.send_modify(|tabs| {
            if let Some(tab) = tabs.owner(key) {
                tab.frames.lose(key);
            }
        });
    }

    /// Handles a closed tab. Its opener, or else the tab before it, becomes active; if there is none, a blank tab takes
    /// its place.
    fn on_gone(&self, key: &SessionKey) {
        let mut none_left = false;
        let (mut target, mut shown) = (None, None);
        self.tabs.send_modify(|tabs| {
            target = tabs.tab(key).map(|tab| tab.target.clone());
            shown = tabs.remove(key);
            tabs.asking.retain(|asking| asking.page != *key);
            none_left = tabs.open.is_empty() && tabs.lost.is_none();
            if tabs.root.as_ref() == Some(key) {
                tabs.root = tabs.open.first().map(|tab| tab.key.clone());
            }
        });
        if let Some(target) = target {
            self.browser.event_router().clients().ended(&target);
        }
        if none_left {
            target_setup::open_tab(&self.browser, &self.context);
        }
        self.reports.shown(shown);
    }

    /// Handles a crash. Only the crash of the root page ends the session; after a crashed popup its opener is active
    /// again.
    pub(super) fn on_crashed(&self, key: &SessionKey) {
        let ending = self.tabs.borrow().tab(key).map(|tab| tab.target.clone());
        if let Some(target) = ending.filter(|target| self.browser.event_router().clients().is_ending(target)) {
            // Its document was replaced while a client closed it, which the browser reports as a crash.
            self.close_target(&target);
            return self.on_gone(key);
        }
        let mut crashed_root = false;
        let (mut target, mut shown) = (None, None);
        self.tabs.send_modify(|tabs| {
            crashed_root = tabs.root.as_ref() == Some(key);
            target = tabs.open.iter().find(|tab| tab.key == *key).map(|tab| tab.target.clone());
            if crashed_root {
                tabs.lost.get_or_insert(LostReason::PageCrashed);
            } else {
                shown = tabs.remove(key);
            }
        });
        self.reports.tell(EventKind::PageCrashed(PageCrashed { root: crashed_root }));
        self.reports.shown(shown);
        if let Some(target) = target.filter(|_| !crashed_root) {
            self.close_target(&target);
        }
    }

    /// Reports a download. The browser refuses it by itself.
    pub(super) fn on_download(&self, event: &Event) {
        let Some(Download { frame_id, url, suggested_filename }) = event.decode() else { return };
        let report = DownloadReport { url: url.clone(), suggested_filename: suggested_filename.clone() };
        let (mut useless, mut shown) = (None, None);
        self.tabs.send_modify(|tabs| {
            tabs.noticed.download = Some(report);
            useless = tabs.opened_for_nothing(&frame_id);
            shown = useless.as_ref().and_then(|key| tabs.remove(key));
        });
        self.reports.tell(EventKind::PageDownload(PageDownload { url, suggested_filename }));
        if useless.is_some() {
            self.close_target(&frame_id);
        }
        self.reports.shown(shown);
    }

    fn close_target(&self, target: &str) {
        drop(self.browser.session().send(&commands::close_target(target)));
    }
}
