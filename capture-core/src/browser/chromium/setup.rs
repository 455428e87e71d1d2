//! What every context and every tab is told before its first script runs, each in one write.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    browser::Browser,
    cdp::{CdpSession, commands},
    clipboard,
    context::Context,
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
    event::Lines,
    tasks::Tasks,
};

/// Page events a session may have waiting; further ones are dropped (replies still tell what an action caused).
const TOLD_EVENTS: usize = 256;

/// Opens one blank tab in a context, ready to be worked with.
pub(super) async fn open_page(context: Context, deadline: Instant, tasks: &Tasks) -> Result<OpenPage, Fault> {
    let browser = Arc::clone(&context.browser);
    let (events, receiver) = mpsc::channel(CONTEXT_EVENTS);
    let (told, page_events) = mpsc::channel(TOLD_EVENTS);
    let tabs = Arc::new(watch::Sender::new(Tabs::default()));
    let lines = Lines::default();
    let journal = Arc::new(Mutex::new(Journal::telling(lines.teller())));
    let pictures = Pictures::default();
    let spilled = Arc::clone(&journal.lock().spilled);
    browser.routes().add(context.id.clone(), Route { events, spilled });
    let keeper = Keeper {
        browser: Arc::clone(&browser),
        context: context.id.clone(),
        tabs: Arc::clone(&tabs),
        told,
        journal: Arc::clone(&journal),
        pictures: Arc::clone(&pictures),
        shares_clipboard: !context.is_whole(),
    };
    tasks.spawn(keeper.run(receiver));
    drop(browser.session().send(&commands::deny_downloads(&context.id)));
    open_tab(&browser, &context.id);
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
    let page = Arc::new(ChromiumPage::new(context, tabs, journal, pictures));
    Ok(OpenPage { page, events: page_events, lines })
}

/// Opens a blank tab; its events tell when it is there.
pub(super) fn open_tab(browser: &Browser, context: &str) {
    let Viewport { width, height, .. } = Viewport::default();
    drop(browser.session().send(&commands::create_page(context, width, height)));
}

/// Prepares a paused tab and lets it run. Nothing waits: the tab's events tell when it is ready.
///
/// The first tab of a context was made in its size; tabs a page opens are given theirs.
pub(super) fn prepare(tab: &CdpSession, shape: Option<Shape>, shares_clipboard: bool) {
    enable(tab);
    drop(tab.send(&commands::enable_lifecycle()));
    drop(tab.send(&commands::add_binding(REPORT, WORLD)));
    // Every page behaves as if it were looked at.
    drop(tab.send(&commands::emulate_focus()));
    if let Some(shape) = shape {
        drop(shape.size(tab));
    }
    begin(tab, shape.unwrap_or_default(), shares_clipboard);
}

/// Stops what a page logs.
pub(super) fn mute(target: &CdpSession) {
    drop(target.send(&commands::disable_runtime()));
}

/// Listens again; the browser tells again which documents are there. It has forgotten a tab's binding, and must not
/// tell what was logged meanwhile.
pub(super) fn unmute(target: &CdpSession) {
    drop(target.send(&commands::forget_logged()));
    drop(target.send(&commands::add_binding(REPORT, WORLD)));
    clipboard::listen(target);
    drop(target.send(&commands::enable_runtime()));
}

/// Asks anew for our scripts in a page's documents, in the present one too. Where a client's session ends, the browser runs none any
/// more in documents that have none of their own.
pub(super) fn hear_again(target: &CdpSession) {
    mute(target);
    unmute(target);
    drop(target.send(&commands::touch()));
}

/// Sets up a paused frame that has a process of its own, and lets it run.
pub(super) fn prepare_frame(frame: &CdpSession, shape: Shape, shares_clipboard: bool) {
    enable(frame);
    begin(frame, shape, shares_clipboard);
}

fn enable(target: &CdpSession) {
    drop(target.send(&commands::enable_inspector()));
    drop(target.send(&commands::enable_page()));
}

fn begin(target: &CdpSession, shape: Shape, shares_clipboard: bool) {
    drop(target.send(&commands::add_script(scripts::BUNDLE, WORLD)));
    if shares_clipboard {
        clipboard::separate(target);
    }
    drop(target.send(&commands::enable_runtime()));
    drop(target.send(&commands::attach_to_frames()));
    if shape.is_device() {
        drop(shape.device(target));
    }
    drop(target.send(&commands::run()));
}
