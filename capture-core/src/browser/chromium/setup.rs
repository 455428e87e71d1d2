//! What every context and every tab is told before its first script runs, each in one write.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    browser::Browser,
    cdp::{CdpSession, Pending, commands},
    frames::WORLD,
    journal::Journal,
    keeper::Keeper,
    page::ChromiumPage,
    routes::{CONTEXT_EVENTS, Route},
    screencast::Pictures,
    scripts,
    tab::REPORT,
    tabs::Tabs,
    viewport::Shape,
};
use crate::{
    action::Viewport,
    browser::{Fault, OpenPage},
    session::Lines,
    tasks::Tasks,
};

/// Page events a session may have waiting; further ones are dropped (replies still tell what an action caused).
const TOLD_EVENTS: usize = 256;

/// Opens a context with one blank tab, ready to be worked with.
pub(super) async fn open_page(browser: &Arc<Browser>, deadline: Instant, tasks: &Tasks) -> Result<OpenPage, Fault> {
    let opening = Opening::begin(browser, deadline).await?;
    let (events, receiver) = mpsc::channel(CONTEXT_EVENTS);
    let (told, page_events) = mpsc::channel(TOLD_EVENTS);
    let tabs = Arc::new(watch::Sender::new(Tabs::default()));
    let lines = Lines::default();
    let journal = Arc::new(Mutex::new(Journal::telling(lines.teller())));
    let pictures = Pictures::default();
    let spilled = Arc::clone(&journal.lock().spilled);
    browser.routes().add(opening.context.clone(), Route { events, spilled });
    let keeper = Keeper {
        browser: Arc::clone(browser),
        context: opening.context.clone(),
        tabs: Arc::clone(&tabs),
        told,
        journal: Arc::clone(&journal),
        pictures: Arc::clone(&pictures),
    };
    tasks.spawn(keeper.run(receiver));
    drop(browser.session().send(&commands::deny_downloads(&opening.context)));
    open_tab(browser, &opening.context);
    let mut watching = tabs.subscribe();
    let ready = watching.wait_for(|tabs| tabs.world().is_some() || tabs.lost.is_some());
    tokio::select! {
        ready = tokio::time::timeout_at(deadline, ready) => match ready {
            Ok(Ok(tabs)) if tabs.lost.is_none() => {}
            Ok(_) => return Err(Fault::Unavailable("a new page crashed".to_owned())),
            Err(_elapsed) => return Err(Fault::Unavailable("a new page was not ready in time".to_owned())),
        },
        reason = browser.lost() => return Err(Fault::Unavailable(reason.to_string())),
    }
    let page = Arc::new(ChromiumPage::new(opening.finish(), tabs, journal, pictures));
    Ok(OpenPage { page, events: page_events, lines })
}

/// A context that closes itself unless it is handed over: a dropped open leaves nothing behind.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) browser: Arc<Browser>,
    pub(super) context: String,
    armed: bool,
}

impl Opening {
    async fn begin(browser: &Arc<Browser>, deadline: Instant) -> Result<Self, Fault> {
        // Disposed with our connection, should we die before we can.
        let ask = browser.session();
        let created = ask.send(&commands::create_context()).decode();
        let created: Value = match tokio::time::timeout_at(deadline, created).await {
            Ok(created) => created.map_err(|error| Fault::Unavailable(error.to_string()))?,
            Err(_elapsed) => return Err(Fault::Unavailable("the browser opened no context in time".to_owned())),
        };
        let context = created.get("browserContextId").and_then(Value::as_str);
        let context = context.ok_or_else(|| Fault::Protocol("a context without an id".to_owned()))?.to_owned();
        Ok(Self { browser: Arc::clone(browser), context, armed: true })
    }

    fn finish(mut self) -> (Arc<Browser>, String) {
        self.armed = false;
        (Arc::clone(&self.browser), self.context.clone())
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if self.armed {
            self.browser.routes().forget(&self.context);
            dispose(&self.browser, &self.context);
        }
    }
}

/// Closes a context with all its tabs, without asking its pages.
pub(super) fn dispose(browser: &Browser, context: &str) -> Pending {
    browser.session().send(&commands::dispose_context(context))
}

/// Opens a blank tab; its events tell when it is there.
pub(super) fn open_tab(browser: &Browser, context: &str) {
    let Viewport { width, height, .. } = Viewport::default();
    drop(browser.session().send(&commands::create_page(context, width, height)));
}

/// Prepares a paused tab and lets it run. Nothing waits: the tab's events tell when it is ready.
///
/// The first tab of a context was made in its size; tabs a page opens are given theirs.
pub(super) fn prepare(tab: &CdpSession, shape: Option<Shape>) {
    enable(tab);
    drop(tab.send(&commands::enable_lifecycle()));
    drop(tab.send(&commands::add_binding(REPORT, WORLD)));
    // Every page behaves as if it were looked at.
    drop(tab.send(&commands::emulate_focus()));
    if let Some(shape) = shape {
        drop(shape.size(tab));
    }
    begin(tab, shape.unwrap_or_default());
}

/// Stops what a page logs.
pub(super) fn mute(target: &CdpSession) {
    drop(target.send(&commands::disable_runtime()));
}

/// Listens again; the browser tells again which documents are there. It has forgotten a tab's binding.
pub(super) fn unmute(target: &CdpSession) {
    drop(target.send(&commands::add_binding(REPORT, WORLD)));
    drop(target.send(&commands::enable_runtime()));
}

/// The same for a paused frame that has a process of its own.
pub(super) fn prepare_frame(frame: &CdpSession, shape: Shape) {
    enable(frame);
    begin(frame, shape);
}

fn enable(target: &CdpSession) {
    drop(target.send(&commands::enable_inspector()));
    drop(target.send(&commands::enable_page()));
}

fn begin(target: &CdpSession, shape: Shape) {
    drop(target.send(&commands::add_script(scripts::BUNDLE, WORLD)));
    drop(target.send(&commands::enable_runtime()));
    drop(target.send(&commands::attach_to_frames()));
    if shape.is_device() {
        drop(shape.device(target));
    }
    drop(target.send(&commands::run()));
}
