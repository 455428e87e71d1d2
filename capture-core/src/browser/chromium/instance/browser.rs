//! One browser: its process, its connection, and the context to which each event belongs.
//!
//! This module must not know tabs, or which session has a place in it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::value::RawValue;
use tokio::{
    sync::{Semaphore, oneshot, watch},
    time::Instant,
};

use super::{
    event_router::EventRouter,
    picture_room::PictureRoom,
    proxy_ports::{self, ProxyPorts},
};
#[cfg(feature = "render")]
use crate::{block_lists::BlockLists, imaging::Room};
use crate::{
    browser::{
        LostReason, Unavailable,
        chromium::{
            cdp::{CdpError, CdpSession, Connection, Pending, SessionKey, commands, pipe},
            config::{Endpoint, Program},
            process::{
                chromium_process::{ChromiumProcess, Launch},
                host::Host,
                kind::Kind,
                remote::Remote,
                runtime::BrowserRuntime,
                uids::Uid,
            },
        },
    },
    egress::EgressPort,
    tasks::Tasks,
};

/// How long a browser may take to start and answer.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// Interval of liveness probes, and the timeout of a probe. Two failures in a row end the browser.
const PROBE: Duration = Duration::from_secs(5);
/// Number of pages that are opened in a browser concurrently, beyond one per core. If all were opened at once, all
/// would be ready only at the end.
const MORE_PAGES: usize = 1;

/// A running browser. Dropping the last handle closes its pipe, and with it the process.
#[derive(Debug)]
pub(crate) struct Browser {
    host: Host,
    kind: Kind,
    /// The port for traffic that belongs to no context; `None` if the browser is elsewhere.
    egress: Option<Arc<EgressPort>>,
    /// The ports of its contexts.
    ports: Arc<ProxyPorts>,
    /// Turns to open a page, in order of arrival.
    turns: Semaphore,
    tasks: Tasks,
    connection: Connection,
    event_router: Arc<EventRouter>,
    pub(crate) started: Instant,
    retiring: AtomicBool,
    lost: watch::Sender<Option<LostReason>>,
    pub(crate) pictures: PictureRoom,
    /// What pages may not request where advertising is to be blocked.
    #[cfg(feature = "render")]
    pub(crate) block_lists: Option<Arc<BlockLists>>,
    /// Room for pictures that this process scales, shared by all browsers.
    #[cfg(feature = "render")]
    pub(crate) scaling: Room,
    /// Room for the frames of animations, shared by all browsers.
    #[cfg(feature = "render")]
    pub(crate) recording: Room,
}

/// The parts in which browsers differ.
struct Parts {
    host: Host,
    kind: Kind,
    egress: Option<Arc<EgressPort>>,
    ports: ProxyPorts,
    connection: Connection,
    event_router: Arc<EventRouter>,
}

impl Browser {
    /// Starts a browser and waits until it answers. Traffic that belongs to no context goes through `egress`.
    pub(crate) async fn start(
        runtime: &BrowserRuntime,
        program: &Program,
        egress: EgressPort,
        kind: Kind,
        uid: Option<Uid>,
    ) -> Result<Arc<Self>, Unavailable> {
        let dir = runtime
            .root
            .browser_dir(uid.as_ref().map(Uid::number))
            .map_err(Unavailable::system("folder for a browser"))?;
        let contexts = if kind == Kind::Shared { runtime.config.pages_per_browser() } else { 0 };
        let ports = ProxyPorts::open(&runtime.guard, contexts).await.map_err(proxy_ports::refused)?;
        let reached = ports.numbers().into_iter().chain([egress.address().port()]).collect();
        let launch = Launch { program, egress: egress.address(), ports: reached, uid };
        let (process, pipes) = ChromiumProcess::start(runtime, dir, launch)?;
        let event_router = Arc::new(EventRouter::default());
        let connection =
            pipe::start(pipes.to_browser, pipes.from_browser, &runtime.tasks, Arc::<EventRouter>::clone(&event_router));
        let (host, egress) = (Host::Here(process), Some(Arc::new(egress)));
        Self::greeted(Self::new(Parts { host, kind, egress, ports, connection, event_router }, runtime)).await
    }

    /// Connects to a browser elsewhere and waits until it answers.
    pub(crate) async fn reach(
        runtime: &BrowserRuntime,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> Result<Arc<Self>, Unavailable> {
        let (remote, near) = Remote::connect(endpoint, deadline, &runtime.tasks).await?;
        let ports = ProxyPorts::open(&runtime.guard, 0).await.map_err(proxy_ports::refused)?;
        let event_router = Arc::new(EventRouter::default());
        let (from_browser, to_browser) = tokio::io::split(near);
        let connection =
            pipe::start(to_browser, from_browser, &runtime.tasks, Arc::<EventRouter>::clone(&event_router));
        let (host, kind, egress) = (Host::Elsewhere(remote), Kind::Guest, None);
        Self::greeted(Self::new(Parts { host, kind, egress, ports, connection, event_router }, runtime)).await
    }

    fn new(parts: Parts, runtime: &BrowserRuntime) -> Arc<Self> {
        let Parts { host, kind, egress, ports, connection, event_router } = parts;
        Arc::new(Self {
            host,
            kind,
            egress,
            ports: Arc::new(ports),
            turns: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from) + MORE_PAGES),
            tasks: runtime.tasks.clone(),
            connection,
            event_router,
            started: Instant::now(),
            retiring: AtomicBool::new(false),
            lost: watch::Sender::new(None),
            pictures: PictureRoom::default(),
            #[cfg(feature = "render")]
            block_lists: runtime.config.block_lists.clone(),
            #[cfg(feature = "render")]
            scaling: runtime.scaling.clone(),
            #[cfg(feature = "render")]
            recording: runtime.recording.clone(),
        })
    }

    /// Waits until the browser answers, and watches it from then on.
    async fn greeted(browser: Arc<Self>) -> Result<Arc<Self>, Unavailable> {
        let greeted = tokio::time::timeout(START_TIMEOUT, browser.greet()).await;
        if !matches!(greeted, Ok(Ok(()))) {
            browser.host.kill();
            browser.host.exited().await;
            let last_words = browser.host.last_words();
            return Err(match greeted {
                Ok(Err(error)) => Unavailable::NotStarted { cause: Arc::new(error), last_words },
                Ok(Ok(())) | Err(_) => Unavailable::Silent { within: START_TIMEOUT, last_words },
            });
        }
        let tasks = browser.tasks.clone();
        tasks.spawn(watch_over(Arc::clone(&browser), tasks.clone()));
        tracing::info!(pid = browser.pid(), start_ms = browser.started.elapsed().as_millis(), "browser started");
        Ok(browser)
    }

    /// Requests that pages are attached before they run, so that none is missed. The answer shows that the browser is
    /// alive.
    async fn greet(&self) -> Result<(), CdpError> {
        self.session().send(&commands::attach_to_pages()).await.map(drop)
    }

    /// The session of the browser itself, for commands.
    pub(crate) fn session(&self) -> CdpSession {
        CdpSession::browser(self.connection.clone())
    }

    /// The session of one of its pages.
    pub(crate) fn page_session(&self, page: SessionKey) -> CdpSession {
        CdpSession::page(self.connection.clone(), page)
    }

    /// Pid of its process, if it is ours.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.host.pid()
    }

    /// The share of the browser that a session has.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The folder of its files, until the browser is gone.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.host.folder()
    }

    /// Kills the browser with all its children at once. Its users are notified as of a crash.
    pub(crate) fn kill(&self) {
        self.host.kill();
    }

    /// The pipe, for forwarding commands.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The port for traffic that belongs to no context.
    pub(crate) fn egress(&self) -> Option<&Arc<EgressPort>> {
        self.egress.as_ref()
    }

    /// Releases the port of a context. It is free once the browser has answered that it closes the context.
    pub(crate) fn give_port_back(&self, port: Arc<EgressPort>, closing: Pending) {
        let ports = Arc::clone(&self.ports);
        port.rest();
        self.tasks.spawn(async move {
            let _ = closing.await; // fails when the context is already closed or the browser is gone
            ports.give_back(port);
        });
    }

    /// The reply to a command. `held` is kept until the reply arrives, even if this future is dropped before.
    pub(crate) async fn answered<T: Send + 'static>(&self, asked: Pending, held: T) -> Result<Box<RawValue>, CdpError> {
        let (answer, answered) = oneshot::channel();
        self.tasks.spawn(async move {
            let _ = answer.send(asked.await); // fails when the caller has left
            drop(held);
        });
        answered.await.unwrap_or(Err(CdpError::BrowserGone))
    }

    /// The ports of its contexts.
    pub(crate) fn ports(&self) -> &ProxyPorts {
        &self.ports
    }

    /// Turns to open a page.
    pub(crate) fn turns(&self) -> &Semaphore {
        &self.turns
    }

    /// The router of its pages' events.
    pub(crate) fn event_router(&self) -> &EventRouter {
        &self.event_router
    }

    /// Why it cannot be used any more.
    pub(crate) fn lost_reason(&self) -> Option<LostReason> {
        *self.lost.borrow()
    }

    /// Completes once it cannot be used any more.
    pub(crate) async fn lost(&self) -> LostReason {
        let mut lost = self.lost.subscribe();
        let reason = lost.wait_for(Option::is_some).await.ok().and_then(|reason| *reason);
        reason.unwrap_or(LostReason::BrowserExited)
    }

    /// Makes it take no further sessions, so that it closes once its last session has ended.
    pub(crate) fn retire(&self) {
        self.retiring.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_retiring(&self) -> bool {
        self.retiring.load(Ordering::Relaxed)
    }

    /// Memory of all its processes in bytes. Reads `/proc`, which blocks for some milliseconds.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.host.memory_bytes()
    }

    /// Ends the browser and waits until its processes and its folder are gone.
    pub(crate) async fn close(&self) {
        // The loss is recorded first, so that the exit is not reported as a crash.
        self.lost.send_if_modified(|lost| lost.replace(LostReason::BrowserExited).is_none());
        match self.kind {
            Kind::Guest => self.connection.close(),
            Kind::Shared | Kind::Whole => drop(self.session().send(&commands::close_browser())),
        }
        self.host.end().await;
        self.give_up(LostReason::BrowserExited);
    }

    /// Whether the browser answers, and also its network service, without which no page opens.
    async fn probe(&self) -> bool {
        let (session, heard) = (self.session(), self.connection.heard());
        let network = async {
            // A browser elsewhere is not asked, because its cookies must not be read.
            if self.kind == Kind::Guest {
                return Ok(());
            }
            tokio::time::timeout(PROBE, session.send(&commands::cookies())).await.map(drop)
        };
        let browser = tokio::time::timeout(PROBE, session.send(&commands::version()));
        match tokio::join!(browser, network) {
            (Ok(Ok(_)), Ok(())) => true,
            (Ok(Ok(_)), Err(_elapsed)) => false,
            // A browser that sends data is alive, however much it sends before its answer.
            _ => self.connection.heard() != heard,
        }
    }

    /// Fails all pending replies and ends the event streams of all contexts.
    fn give_up(&self, reason: LostReason) {
        self.lost.send_if_modified(|lost| lost.replace(reason).is_none());
        self.connection.close();
        self.event_router.forget_all();
    }
}

/// Detects that the browser exits, closes its pipe or stops answering, and reports that at once.
async fn watch_over(browser: Arc<Browser>, tasks: Tasks) {
    let mut misses = 0;
    let reason = loop {
        tokio::select! {
            () = browser.host.exited() => break LostReason::BrowserExited,
            () = browser.connection.closed() => break LostReason::BrowserExited,
            () = tasks.stopped() => return,
            () = tokio::time::sleep(PROBE) => {}
        }
        tokio::select! {
            lives = browser.probe() => misses = if lives { 0 } else { misses + 1 },
            () = browser.host.exited() => break LostReason::BrowserExited,
        }
        if misses >= 2 {
            break LostReason::BrowserHangs;
        }
    };
    if browser.lost_reason().is_none() {
        let last_words = browser.host.last_words();
        tracing::warn!(pid = browser.pid(), %reason, last_words, "browser lost");
    }
    browser.give_up(reason);
    browser.host.kill();
}
