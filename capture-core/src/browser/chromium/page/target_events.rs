//! The event loop of a session's tabs. It handles events in order, and sends the answers for which a page must not
//! wait. What comes and goes is handled in `targets.rs`, dialogs in `dialogs.rs`.
//!
//! This module must not know actions, which read its results in `tabs.rs`.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

#[cfg(feature = "render")]
use super::{
    blocking::{self, Document},
    http_auth,
};
use super::{
    clipboard::{self, Clip},
    dialogs::Dialogs,
    pictures::{self, Pictures},
    reports::Reports,
    tab::Change,
    tabs::Tabs,
    target_setup,
    targets::Targets,
};
use crate::browser::{
    LostReason,
    chromium::{
        cdp::{
            Event, LoggedKind, SessionKey, commands,
            events::{Detached, DragIntercepted, WindowOpen},
        },
        console::{log::ConsoleLog, rate_limit::RateLimit},
        instance::{
            browser::Browser,
            internal_events::{self, MISSED, MissedEvent, logged_bytes},
        },
    },
};

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// The task that handles the events.
pub(crate) struct TargetEventLoop {
    pub(crate) browser: Arc<Browser>,
    pub(crate) tabs: Arc<watch::Sender<Tabs>>,
    pub(crate) reports: Reports,
    pub(crate) targets: Targets,
    pub(crate) dialogs: Dialogs,
    pub(crate) console_log: Arc<Mutex<ConsoleLog>>,
    pub(crate) pictures: Pictures,
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
            "Target.attachedToTarget" => self.targets.on_attached(event),
            "Target.detachedFromTarget" => {
                if let Some(detached) = event.decode::<Detached>() {
                    self.targets.on_detached(&SessionKey::from(detached.session_id.as_str()));
                }
            }
            "Inspector.targetCrashed" => self.targets.on_crashed(&event.session),
            "Page.javascriptDialogOpening" => self.dialogs.on_opening(event),
            "Page.javascriptDialogClosed" => self.dialogs.on_closed(&event.session),
            internal_events::CLIENT_SLOW => self.dialogs.answer_slow(),
            internal_events::CLIENT_QUIET => {
                self.dialogs.answer_left();
                self.hear_again();
            }
            internal_events::TARGET_MADE => self.targets.on_made(event),
            "Page.downloadWillBegin" => self.targets.on_download(event),
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
            #[cfg(feature = "render")]
            "Fetch.requestPaused" => self.on_request_stopped(event),
            #[cfg(feature = "render")]
            "Fetch.authRequired" => self.on_auth_required(event),
            method if LoggedKind::of(method).is_some() => self.console_log.lock().on_event(event),
            _ => self.on_tab_event(event),
        }
    }

    /// Handles an event that was too large to be read. A dialog blocks its page until it is answered, and a stopped
    /// request until it is let go.
    fn on_missed(&self, event: &Event) {
        let missed = event.decode::<MissedEvent>();
        #[cfg(feature = "render")]
        if missed.as_ref().is_some_and(|missed| missed.method == "Fetch.requestPaused") {
            let session = self.browser.page_session(event.session.clone());
            blocking::release_requests(&session, self.tabs.borrow().http_auth.is_some());
        }
        if missed.is_some_and(|missed| missed.method == "Page.javascriptDialogOpening")
            && !self.dialogs.is_clients(&event.session)
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
        self.reports.shown(moved);
    }

    #[cfg(feature = "render")]
    fn on_request_stopped(&self, event: &Event) {
        let session = self.browser.page_session(event.session.clone());
        let tabs = self.tabs.borrow();
        let tab = tabs.open.iter().find(|tab| tab.key == event.session || tab.frames.own(&event.session));
        let tab = tab.or_else(|| tabs.active()); // of a page with more frames than are known
        let document = tab.and_then(|tab| Some(Document { frame: &tab.frames.main()?.id, url: &tab.url }));
        blocking::settle(event, &session, tabs.block_lists.as_deref(), document);
    }

    #[cfg(feature = "render")]
    fn on_auth_required(&self, event: &Event) {
        let session = self.browser.page_session(event.session.clone());
        self.tabs.send_if_modified(|tabs| {
            http_auth::answer(event, &session, tabs.http_auth.as_mut());
            false
        });
    }

    /// Handles the end of a client's session.
    fn hear_again(&self) {
        for tab in &self.tabs.borrow().open {
            target_setup::hear_again(&tab.session);
        }
    }
}
