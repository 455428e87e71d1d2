//! The event loop of a session's tabs. It handles events in order, and sends the answers for which a page must not
//! wait.
//!
//! This module must not know actions, which read its results in `tabs.rs`.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    clipboard::{self, Clip},
    http_auth,
    pictures::{self, Pictures},
    shape::Shape,
    tab::{Change, Tab},
    tabs::Tabs,
    target_setup,
};
use crate::{
    action::DownloadReport,
    browser::{
        LostReason,
        chromium::{
            cdp::{
                CdpSession, Event, LoggedKind, SessionKey, commands,
                events::{Attached, Detached, Download, DragIntercepted, TargetInfo, WindowOpen},
            },
            console::{log::ConsoleLog, rate_limit::RateLimit},
            instance::{
                browser::Browser,
                cdp_clients::Maker,
                internal_events::{self, MISSED, MissedEvent, logged_bytes},
            },
        },
    },
    event::{EventKind, PageCrashed, PageDownload, PageNavigated, PageNewTab},
};

/// Maximum number of tabs of a session. Further ones are closed as they open.
const MAX_TABS: usize = 20;

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// The task that handles the events.
pub(crate) struct TargetEventLoop {
    pub(crate) browser: Arc<Browser>,
    pub(crate) context: String,
    pub(crate) tabs: Arc<watch::Sender<Tabs>>,
    pub(crate) told: mpsc::Sender<EventKind>,
    pub(crate) console_log: Arc<Mutex<ConsoleLog>>,
    pub(crate) pictures: Pictures,
    /// Whether other sessions also use the browser's clipboard.
    pub(crate) shares_clipboard: bool,
}

impl TargetEventLoop {
    /// Handles events until the context is closed or lost.
    pub(crate) async fn run(self, mut events: mpsc::Receiver<Event>) {
        let mut limit = RateLimit::new(Instant::now());
        let dropped = Arc::clone(&self.console_log.lock().dropped);
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = until(limit.next()) => {
                    self.unmute(&limit.due(Instant::now()));
                    continue;
                }
            };
            let Some(event) = event else { break };
            if let Some(bytes) = logged_bytes(&event)
                && let Some(length) = limit.count(&event.session, bytes, Instant::now())
            {
                target_setup::mute(&self.browser.page_session(event.session.clone()));
                self.console_log.lock().muted(event.session.clone(), length);
            }
            if &*event.method == "Page.frameNavigated" {
                limit.moved(&event.session);
            }
            self.take(&event);
            dropped.taken(event.bytes());
        }
        // The route is closed: either the context was closed, or its page sent too many events and was given up.
        self.tabs.send_modify(|tabs| {
            tabs.lost.get_or_insert(LostReason::PageCrashed);
            tabs.open.clear();
        });
    }

    fn take(&self, event: &Event) {
        match &*event.method {
            "Target.attachedToTarget" => self.on_attached(event),
            "Target.detachedFromTarget" => {
                if let Some(detached) = event.decode::<Detached>() {
                    self.on_detached(&SessionKey::from(detached.session_id.as_str()));
                }
            }
            "Inspector.targetCrashed" => self.on_crashed(&event.session),
            "Page.javascriptDialogOpening" => self.on_dialog(event),
            "Page.javascriptDialogClosed" => self.on_answered(&event.session),
            internal_events::CLIENT_SLOW => self.answer_slow(),
            internal_events::CLIENT_QUIET => {
                self.answer_left();
                self.hear_again();
            }
            internal_events::TARGET_MADE => self.on_made(event),
            "Page.downloadWillBegin" => self.on_download(event),
            pictures::FRAME => self.pictures.send_modify(|told| told.tell(event)),
            "Page.windowOpen" => {
                let window = event.decode::<WindowOpen>().map(|window| window.url);
                self.tabs.send_modify(|tabs| tabs.noticed.window = window);
            }
            "Input.dragIntercepted" => {
                let drag = event.decode::<DragIntercepted>().map(|drag| drag.data);
                self.tabs.send_modify(|tabs| tabs.noticed.drag = drag);
            }
            "Runtime.bindingCalled" => match clipboard::copied(event) {
                Some(clip) => self.on_copied(clip),
                None => self.on_tab_event(event),
            },
            MISSED => self.on_missed(event),
            "Fetch.requestPaused" => http_auth::go_on(event, &self.browser.page_session(event.session.clone())),
            "Fetch.authRequired" => self.on_auth_required(event),
            method if LoggedKind::of(method).is_some() => self.console_log.lock().on_event(event),
            _ => self.on_tab_event(event),
        }
    }

    /// Handles an event that was too large to be read. A dialog blocks its page until it is answered.
    fn on_missed(&self, event: &Event) {
        let missed = event.decode::<MissedEvent>();
        if missed.is_some_and(|missed| missed.method == "Page.javascriptDialogOpening")
            && !self.is_clients(&event.session)
        {
            drop(self.browser.page_session(event.session.clone()).send(&commands::answer_dialog(false)));
        }
    }

    /// Stores the copied content without waking those who wait for a change of the tabs.
    fn on_copied(&self, clip: Clip) {
        self.tabs.send_if_modified(|tabs| {
            tabs.clip = clip;
            false
        });
    }

    /// Enables the console events of those of these pages that still exist.
    fn unmute(&self, pages: &[SessionKey]) {
        let dropped = Arc::clone(&self.console_log.lock().dropped);
        for page in pages {
            dropped.unmute(page);
            if self.tabs.borrow().open.iter().any(|tab| tab.frames.own(page)) {
                target_setup::unmute(&self.browser.page_session(page.clone()));
            }
        }
    }

    /// Handles an event of a tab. Documents that do not load are recorded for every tab, and addresses are reported for
    /// the active one.
    fn on_tab_event(&self, event: &Event) {
        let (mut moved, mut failed) = (None, None);
        self.tabs.send_modify(|tabs| {
            let active = tabs.active().map(|tab| tab.key.clone());
            let Some(tab) = tabs.owner(&event.session) else { return };
            if tab.on_event(event) != Change::Navigated {
                return;
            }
            failed = tab.is_error_page.then(|| tab.url.clone());
            if active.as_ref() == Some(&tab.key) {
                moved = Some(tab.url.clone());
                tabs.noticed.navigations += 1;
            }
        });
        if let Some(url) = failed {
            self.console_log.lock().document_failed(&url, None);
        }
        self.tell_shown(moved);
    }

    fn on_attached(&self, event: &Event) {
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

    fn on_auth_required(&self, event: &Event) {
        let session = self.browser.page_session(event.session.clone());
        self.tabs.send_if_modified(|tabs| {
            http_auth::answer(event, &session, tabs.http_auth.as_mut());
            false
        });
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
            self.tell(EventKind::PageNewTab(PageNewTab { url }));
        }
    }

    /// Lets a client's page run, without adding it to the session's tabs.
    fn release(&self, key: &SessionKey, session: &CdpSession) {
        drop(session.send(&commands::run()));
        drop(self.browser.session().send(&commands::detach(key.as_ref())));
    }

    /// Handles the information which page a client created.
    fn on_made(&self, event: &Event) {
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
            self.tell(EventKind::PageNewTab(PageNewTab { url: String::new() }));
        }
    }

    fn on_detached(&self, key: &SessionKey) {
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
        self.tell_shown(shown);
    }

    /// Reports that the active page is another document or has another address, perhaps because another tab is active.
    fn tell_shown(&self, url: Option<String>) {
        if let Some(url) = url {
            self.tell(EventKind::PageNavigated(PageNavigated { url }));
        }
    }

    /// Handles a crash. Only the crash of the root page ends the session; after a crashed popup its opener is active
    /// again.
    fn on_crashed(&self, key: &SessionKey) {
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
        self.tell(EventKind::PageCrashed(PageCrashed { root: crashed_root }));
        self.tell_shown(shown);
        if let Some(target) = target.filter(|_| !crashed_root) {
            self.close_target(&target);
        }
    }

    /// Handles the end of a client's session.
    fn hear_again(&self) {
        for tab in &self.tabs.borrow().open {
            target_setup::hear_again(&tab.session);
        }
    }

    /// Reports a download. The browser refuses it by itself.
    fn on_download(&self, event: &Event) {
        let Some(Download { frame_id, url, suggested_filename }) = event.decode() else { return };
        let report = DownloadReport { url: url.clone(), suggested_filename: suggested_filename.clone() };
        let (mut useless, mut shown) = (None, None);
        self.tabs.send_modify(|tabs| {
            tabs.noticed.download = Some(report);
            useless = tabs.opened_for_nothing(&frame_id);
            shown = useless.as_ref().and_then(|key| tabs.remove(key));
        });
        self.tell(EventKind::PageDownload(PageDownload { url, suggested_filename }));
        if useless.is_some() {
            self.close_target(&frame_id);
        }
        self.tell_shown(shown);
    }

    fn close_target(&self, target: &str) {
        drop(self.browser.session().send(&commands::close_target(target)));
    }

    pub(crate) fn tell(&self, event: EventKind) {
        // the event is dropped when the queue is full; replies still report what an action caused
        let _ = self.told.try_send(event);
    }
}
