//! Opens the page of a session: its first tab, and the task that handles its events.
//!
//! This module must not know whose page it will be.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    chromium_page::ChromiumPage, dialogs::Dialogs, pictures::Pictures, reports::Reports, tabs::Tabs,
    target_events::TargetEventLoop, target_setup::open_tab, targets::Targets,
};
use crate::{
    browser::{
        BrowserError, OpenPage, Unavailable,
        chromium::{
            cdp::commands,
            console::log::ConsoleLog,
            instance::{
                context::BrowserContext,
                event_router::{CONTEXT_EVENTS, ContextRoute},
            },
        },
    },
    clock::Clock,
    event::ConsoleFeed,
    tasks::Tasks,
};

/// Maximum number of queued page events of a session. Further ones are dropped; replies still report what an action
/// caused.
const TOLD_EVENTS: usize = 256;

/// Opens one blank tab in a context and waits until it is usable.
pub(crate) async fn open_page(
    context: BrowserContext,
    deadline: Instant,
    tasks: &Tasks,
    clock: Clock,
) -> Result<OpenPage, BrowserError> {
    let browser = Arc::clone(&context.browser);
    let (events, receiver) = mpsc::channel(CONTEXT_EVENTS);
    let (told, page_events) = mpsc::channel(TOLD_EVENTS);
    let tabs = Arc::new(watch::Sender::new(Tabs::default()));
    let lines = ConsoleFeed::default();
    let console_log = Arc::new(Mutex::new(ConsoleLog::new(lines.writer(), clock)));
    let pictures = Pictures::default();
    let dropped = Arc::clone(&console_log.lock().dropped);
    browser.event_router().add(context.id.clone(), ContextRoute { events, dropped });
    let reports = Reports::new(told);
    let event_loop = TargetEventLoop {
        browser: Arc::clone(&browser),
        tabs: Arc::clone(&tabs),
        reports: reports.clone(),
        dialogs: Dialogs { browser: Arc::clone(&browser), tabs: Arc::clone(&tabs), reports: reports.clone() },
        targets: Targets {
            browser: Arc::clone(&browser),
            context: context.id.clone(),
            tabs: Arc::clone(&tabs),
            reports,
            shares_clipboard: !context.is_whole(),
        },
        console_log: Arc::clone(&console_log),
        pictures: Arc::clone(&pictures),
    };
    tasks.spawn(event_loop.run(receiver));
    drop(browser.session().send(&commands::deny_downloads(&context.id)));
    open_tab(&browser, &context.id);
    let mut watching = tabs.subscribe();
    let ready = watching.wait_for(|tabs| tabs.world().is_some() || tabs.lost.is_some());
    tokio::select! {
        ready = tokio::time::timeout_at(deadline, ready) => match ready {
            Ok(Ok(tabs)) if tabs.lost.is_none() => {}
            Ok(_) => return Err(Unavailable::PageCrashed.into()),
            Err(_elapsed) => return Err(Unavailable::Late("a new page was not ready in time").into()),
        },
        reason = browser.lost() => return Err(Unavailable::Lost(reason).into()),
    }
    let page = Arc::new(ChromiumPage::new(context, tabs, console_log, pictures));
    Ok(OpenPage { page, events: page_events, lines })
}
