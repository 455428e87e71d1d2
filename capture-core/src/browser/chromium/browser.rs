//! One browser: its process, its connection, and which context each event belongs to.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde::Deserialize;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    cdp::{CdpError, CdpSession, Connection, Event, SessionKey, commands},
    config::ChromiumConfig,
    process::Process,
    run_root::RunRoot,
};
use crate::{
    browser::{Fault, LostReason},
    tasks::Tasks,
};

/// How long a browser may take to start and answer.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two looks whether it still answers, and how long an answer may take. Two misses end it.
const PROBE: Duration = Duration::from_secs(5);
/// Events one context may have waiting. When full its page is given up: a page that floods harms only itself.
pub(super) const CONTEXT_EVENTS: usize = 8_192;

/// A running browser. Dropping the last handle closes its pipe, and with it the process.
#[derive(Debug)]
pub(super) struct Browser {
    process: Process,
    connection: Connection,
    routes: Arc<Routes>,
    pub(super) started: Instant,
    /// Contexts opened in its life.
    pub(super) opened: AtomicU64,
    /// Contexts open now, those being opened included.
    pub(super) open: AtomicUsize,
    retiring: AtomicBool,
    lost: watch::Sender<Option<LostReason>>,
}

/// Where events go: pages to contexts, contexts to whoever opened them.
#[derive(Debug, Default)]
struct Routes {
    table: Mutex<RouteTable>,
}

#[derive(Debug, Default)]
struct RouteTable {
    contexts: HashMap<String, mpsc::Sender<Event>>,
    pages: HashMap<SessionKey, mpsc::Sender<Event>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attached {
    session_id: String,
    target_info: AttachedTarget,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachedTarget {
    browser_context_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detached {
    session_id: String,
}

impl Routes {
    /// Decides where an event goes. Runs on the reading task: never blocks, and is done before the next event is read,
    /// so that no event of a new page is missed.
    fn route(&self, connection: &Connection, event: Event) {
        let mut table = self.table.lock();
        let receiver = match &*event.method {
            "Target.attachedToTarget" => match event.decode::<Attached>() {
                Some(attached) => {
                    let page = SessionKey::from(attached.session_id.as_str());
                    let context = attached.target_info.browser_context_id.unwrap_or_default();
                    match table.contexts.get(&context).cloned() {
                        Some(receiver) => {
                            table.pages.insert(page, receiver.clone());
                            Some(receiver)
                        }
                        None => return release(connection, &page),
                    }
                }
                None => None,
            },
            "Target.detachedFromTarget" => {
                let page = event.decode::<Detached>().map(|event| SessionKey::from(event.session_id.as_str()));
                page.and_then(|page| {
                    connection.page_gone(&page);
                    table.pages.remove(&page)
                })
            }
            "Inspector.targetCrashed" => {
                connection.page_gone(&event.session);
                table.pages.get(&event.session).cloned()
            }
            _ => table.pages.get(&event.session).cloned(),
        };
        let Some(receiver) = receiver else { return };
        if receiver.try_send(event).is_err() {
            // Full: its task sees the closed channel and gives the page up. Closed: the page is going already.
            table.contexts.retain(|_, other| !other.same_channel(&receiver));
            table.pages.retain(|_, other| !other.same_channel(&receiver));
        }
    }
}

/// A page that is nobody's: let it run and forget it, since a paused target stalls whoever opened it.
fn release(connection: &Connection, page: &SessionKey) {
    let page_session = CdpSession::page(connection.clone(), page.clone());
    drop(page_session.send(&commands::run()));
    let browser = CdpSession::browser(connection.clone());
    drop(browser.send(&commands::detach(page.as_ref())));
}

impl Browser {
    /// Starts a browser and waits until it answers.
    pub(super) async fn start(
        config: &ChromiumConfig,
        executable: &Path,
        root: &RunRoot,
        tasks: &Tasks,
    ) -> Result<Arc<Self>, Fault> {
        let dir =
            root.browser_dir().map_err(|error| Fault::Unavailable(format!("no folder for a browser: {error}")))?;
        let (process, pipes) =
            Process::start(config, executable, dir, tasks).map_err(|error| Fault::Unavailable(error.to_string()))?;
        let routes = Arc::new(Routes::default());
        let router = Arc::clone(&routes);
        let on_event = move |connection: &Connection, event: Event| router.route(connection, event);
        let connection = Connection::start(pipes.to_browser, pipes.from_browser, tasks, on_event);
        let browser = Arc::new(Self {
            process,
            connection,
            routes,
            started: Instant::now(),
            opened: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            retiring: AtomicBool::new(false),
            lost: watch::Sender::new(None),
        });
        if let Err(error) =
            tokio::time::timeout(START_TIMEOUT, browser.greet()).await.unwrap_or(Err(CdpError::Congested))
        {
            browser.process.kill();
            browser.process.exited().await;
            let words = browser.process.last_words();
            return Err(Fault::Unavailable(format!("Chromium did not start ({error}); its last words: {words}")));
        }
        tasks.spawn(watch_over(Arc::clone(&browser), tasks.clone()));
        tracing::info!(
            pid = browser.process.pid(),
            start_ms = browser.started.elapsed().as_millis(),
            "browser started"
        );
        Ok(browser)
    }

    /// Asks for pages to be attached before they run, so that none is missed; the answer shows that it lives.
    async fn greet(&self) -> Result<(), CdpError> {
        self.session().send(&commands::attach_to_pages()).await.map(drop)
    }

    /// The browser as a place to send commands to.
    pub(super) fn session(&self) -> CdpSession {
        CdpSession::browser(self.connection.clone())
    }

    /// One of its pages.
    pub(super) fn page_session(&self, page: SessionKey) -> CdpSession {
        CdpSession::page(self.connection.clone(), page)
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Sends the events of this context's pages to `receiver` from now on.
    pub(super) fn route_context(&self, context: String, receiver: mpsc::Sender<Event>) {
        self.routes.table.lock().contexts.insert(context, receiver);
    }

    /// Forgets a context and its pages.
    pub(super) fn forget_context(&self, context: &str) {
        let mut table = self.routes.table.lock();
        if let Some(receiver) = table.contexts.remove(context) {
            table.pages.retain(|_, other| !other.same_channel(&receiver));
        }
    }

    /// Why it cannot be used any more.
    pub(super) fn lost_reason(&self) -> Option<LostReason> {
        *self.lost.borrow()
    }

    /// Completes once it cannot be used any more.
    pub(super) async fn lost(&self) -> LostReason {
        let mut lost = self.lost.subscribe();
        let reason = lost.wait_for(Option::is_some).await.ok().and_then(|reason| *reason);
        reason.unwrap_or(LostReason::BrowserExited)
    }

    /// It takes no further sessions and closes once its last one has ended.
    pub(super) fn retire(&self) {
        self.retiring.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_retiring(&self) -> bool {
        self.retiring.load(Ordering::Relaxed)
    }

    /// Memory of all its processes; blocking reads of `/proc`, some milliseconds.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.process.memory_bytes()
    }

    /// Ends it and waits until its processes and its folder are gone.
    pub(super) async fn close(&self) {
        if !self.process.has_exited() {
            drop(self.session().send(&commands::close_browser()));
        }
        self.process.end().await;
        self.give_up(LostReason::BrowserExited);
    }

    /// Tells everyone that it is gone: those who wait for replies, and the contexts that wait for events.
    fn give_up(&self, reason: LostReason) {
        self.lost.send_if_modified(|lost| lost.replace(reason).is_none());
        self.connection.close();
        let mut table = self.routes.table.lock();
        table.contexts.clear();
        table.pages.clear();
    }
}

/// Notices that the browser exits, closes its pipe or stops answering, and tells everyone at once.
async fn watch_over(browser: Arc<Browser>, tasks: Tasks) {
    let mut misses = 0;
    let reason = loop {
        tokio::select! {
            () = browser.process.exited() => break LostReason::BrowserExited,
            () = browser.connection.closed() => break LostReason::BrowserExited,
            () = tasks.stopped() => return,
            () = tokio::time::sleep(PROBE) => {}
        }
        let probe = browser.session();
        let answer = tokio::time::timeout(PROBE, probe.send(&commands::version()));
        tokio::select! {
            answer = answer => misses = if matches!(answer, Ok(Ok(_))) { 0 } else { misses + 1 },
            () = browser.process.exited() => break LostReason::BrowserExited,
        }
        if misses >= 2 {
            break LostReason::BrowserHangs;
        }
    };
    if browser.lost_reason().is_none() {
        let last_words = browser.process.last_words();
        tracing::warn!(pid = browser.pid(), %reason, last_words, "browser lost");
    }
    browser.give_up(reason);
    browser.process.kill();
}
