//! A simulated browser, for tests of lifecycle, load and faults, and for programs that embed the engine.
//!
//! Simulated pages keep an address and the filled fields, take as long as their script says, and die on command. They
//! use tokio's time, which can be paused. They cannot replace Chromium where the content of a page matters.

mod render;
mod state;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use self::state::{SimulatedState, pixel, view_frame};
use super::{
    Backend, BrowserError, CdpClient, LostReason, OpenPage, Page, PageRequest, Screencast, Unavailable,
    UnsupportedOption, ViewFrame,
};
use crate::{
    account::UserId,
    action::{Action, ActionKind, Outcome},
    egress::{Traffic, Upstream, Why},
    error::RunOutcome,
    event::{ConsoleFeed, EventKind, PageNavigated},
    render::{RenderRequest, Rendering},
    session::SessionOptions,
};

/// The behaviour of a simulated action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Succeeds after this long.
    Succeed(Duration),
    /// Fails after this long, with this message.
    Fail(Duration, String),
    /// Never ends by itself.
    Hang,
    /// The page is lost after this long.
    Die(Duration),
    /// Panics, to test that a panic of our code loses nothing.
    Panic,
}

type Script = dyn Fn(&Action) -> Step + Send + Sync;

/// A backend of simulated pages. Clones share their pages.
#[derive(Clone)]
pub struct Simulated {
    script: Arc<Script>,
    open_delay: Duration,
    failing: Arc<watch::Sender<Option<String>>>,
    pages: Arc<Mutex<HashMap<u64, Arc<SimulatedPage>>>>,
    next: Arc<AtomicU64>,
}

impl Default for Simulated {
    fn default() -> Self {
        Self::scripted(|_| Step::Succeed(Duration::ZERO))
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated").field("open_pages", &self.open_pages()).finish_non_exhaustive()
    }
}

impl Simulated {
    /// Pages that behave as the script says for each action.
    pub fn scripted(script: impl Fn(&Action) -> Step + Send + Sync + 'static) -> Self {
        Self {
            script: Arc::new(script),
            open_delay: Duration::ZERO,
            failing: Arc::new(watch::Sender::new(None)),
            pages: Arc::default(),
            next: Arc::default(),
        }
    }

    /// Sets how long pages take to open.
    #[must_use]
    pub fn opening_after(mut self, delay: Duration) -> Self {
        self.open_delay = delay;
        self
    }

    /// Makes every open fail for this reason from now on; `None` ends that.
    pub fn fail_opens(&self, why: Option<&str>) {
        self.failing.send_replace(why.map(str::to_owned));
    }

    /// Loses every page, as when the browser is killed.
    pub fn kill(&self) {
        for page in self.pages.lock().values() {
            page.lost.send_replace(Some(LostReason::BrowserExited));
        }
    }

    /// Number of pages that have not been closed.
    pub fn open_pages(&self) -> usize {
        self.pages.lock().len()
    }
}

impl Backend for Simulated {
    fn open(&self, request: PageRequest, _deadline: Instant) -> BoxFuture<'_, Result<OpenPage, BrowserError>> {
        async move {
            if request.options.cdp {
                return Err(Unavailable::Other("a simulated browser has no CDP".to_owned()).into());
            }
            tokio::time::sleep(self.open_delay).await;
            if let Some(why) = self.failing.borrow().clone() {
                return Err(Unavailable::Other(why).into());
            }
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            let (events, receiver) = mpsc::channel(256);
            let page = Arc::new(SimulatedPage {
                id,
                script: Arc::clone(&self.script),
                state: Mutex::default(),
                events,
                lost: watch::Sender::new(None),
                pages: Arc::clone(&self.pages),
            });
            self.pages.lock().insert(id, Arc::clone(&page));
            Ok(OpenPage { page, events: receiver, lines: ConsoleFeed::default() })
        }
        .boxed()
    }

    fn unsupported(&self, options: SessionOptions) -> Option<UnsupportedOption> {
        options.bypass_bot_detection.then_some(UnsupportedOption::Bypass)
    }

    fn judge_upstream(&self, _upstream: &Upstream) -> Result<(), Why> {
        Ok(())
    }

    fn health(&self) -> Result<(), Unavailable> {
        self.failing.borrow().clone().map_or(Ok(()), |why| Err(Unavailable::Other(why)))
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.kill();
        self.pages.lock().clear();
        std::future::ready(()).boxed()
    }
}

struct SimulatedPage {
    id: u64,
    script: Arc<Script>,
    state: Mutex<SimulatedState>,
    events: mpsc::Sender<EventKind>,
    lost: watch::Sender<Option<LostReason>>,
    pages: Arc<Mutex<HashMap<u64, Arc<Self>>>>,
}

impl fmt::Debug for SimulatedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedPage").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Page for SimulatedPage {
    fn perform(
        self: Arc<Self>,
        action: Action,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Outcome, BrowserError>> {
        async move {
            let lost = self.lost();
            let work = self.work(&action);
            tokio::select! {
                result = work => result,
                reason = lost => Err(reason.into()),
                () = tokio::time::sleep_until(deadline) => Err(BrowserError::TimedOut {
                    message: format!("{} did not end within {} ms", action.action_type(), action.timeout().as_millis()),
                    details: serde_json::Map::new(),
                    outcome: RunOutcome::Unknown,
                }),
            }
        }
        .boxed()
    }

    fn render(
        self: Arc<Self>,
        request: Arc<RenderRequest>,
        deadline: Instant,
    ) -> BoxFuture<'static, Result<Rendering, BrowserError>> {
        async move {
            let goto = render::goto(&request);
            Arc::clone(&self).perform(goto, deadline).await?;
            tokio::time::sleep(request.waits.delay).await;
            let url = self.state.lock().url.clone();
            Ok(render::result(&request, url))
        }
        .boxed()
    }

    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }

    /// Simulates a page that changes all the time.
    fn screencast(self: Arc<Self>, _settings: Screencast) -> BoxStream<'static, ViewFrame> {
        futures::stream::repeat_with(view_frame).take_until(self.lost()).boxed()
    }

    fn lost(&self) -> BoxFuture<'static, LostReason> {
        let mut lost = self.lost.subscribe();
        async move {
            match lost.wait_for(Option::is_some).await {
                Ok(reason) => reason.unwrap_or(LostReason::BrowserExited),
                Err(_page_dropped) => LostReason::BrowserExited,
            }
        }
        .boxed()
    }

    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, BrowserError>> {
        std::future::ready(Err(BrowserError::failed_for("no_cdp", "a simulated browser has no CDP"))).boxed()
    }

    fn belongs_to(&self, _user: &UserId) {}

    fn route_through(&self, _upstream: Option<Upstream>) {}

    fn traffic(&self) -> Option<Traffic> {
        None
    }

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        self.pages.lock().remove(&self.id);
        std::future::ready(()).boxed()
    }
}

impl SimulatedPage {
    async fn work(&self, action: &Action) -> Result<Outcome, BrowserError> {
        match (self.script)(action) {
            Step::Succeed(after) => {
                tokio::time::sleep(after).await;
                if let ActionKind::WaitForTimeout(wait) = action.kind {
                    tokio::time::sleep(wait.pause).await;
                }
                let picture = action.screenshot.then(pixel);
                let before = self.state.lock().url.clone();
                let mut outcome = Outcome::from(self.state.lock().succeed(&action.kind));
                let url = self.state.lock().url.clone();
                let (tells, navigated) = (action.action_type().tells(), url != before);
                if navigated {
                    // the event is dropped when the channel is full
                    let _ = self.events.try_send(EventKind::PageNavigated(PageNavigated { url: url.clone() }));
                }
                outcome.effects.told(tells, navigated, url);
                outcome.screenshot = picture;
                Ok(outcome)
            }
            Step::Fail(after, message) => {
                tokio::time::sleep(after).await;
                Err(BrowserError::failed(message))
            }
            Step::Hang => std::future::pending().await,
            Step::Die(after) => {
                tokio::time::sleep(after).await;
                self.lost.send_replace(Some(LostReason::PageCrashed));
                std::future::pending().await
            }
            #[expect(clippy::panic, reason = "asked for by the test's script")]
            Step::Panic => panic!("the script asked for a panic"),
        }
    }
}
