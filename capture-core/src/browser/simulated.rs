//! A browser without a browser: for tests of lifecycle, load and faults, and for programs that embed the engine.
//!
//! Pages keep an address and the fields that were filled, take as long as their script says, and die on command. Time is
//! tokio's and can be paused. Never a stand-in for Chromium where the page itself matters.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{Backend, Fault, LostReason, OpenPage, Page};
use crate::{
    action::{
        Action, ActionResult, ContentResult, Deed, Diagnostics, ElementResult, GotoResult, Outcome, Picture,
        PictureFormat, Point, QueryResult, Target,
    },
    error::RunOutcome,
    session::{EventKind, SessionOptions},
};

/// The smallest valid PNG: one transparent pixel.
const PIXEL: &[u8] = include_bytes!("pixel.png");

/// What a simulated action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ends well after this long.
    Succeed(Duration),
    /// Fails after this long, with this message.
    Fail(Duration, String),
    /// Never ends by itself.
    Hang,
    /// The page dies after this long.
    Die(Duration),
    /// Panics, to test that nothing is lost when code of ours does.
    Panic,
}

type Script = dyn Fn(&Action) -> Step + Send + Sync;

/// A backend of simulated pages. Cloning is cheap; clones share their pages.
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
    /// Pages that do what the script says for each action.
    pub fn scripted(script: impl Fn(&Action) -> Step + Send + Sync + 'static) -> Self {
        Self {
            script: Arc::new(script),
            open_delay: Duration::ZERO,
            failing: Arc::new(watch::Sender::new(None)),
            pages: Arc::default(),
            next: Arc::default(),
        }
    }

    /// The same, with pages that take this long to open.
    #[must_use]
    pub fn opening_after(mut self, delay: Duration) -> Self {
        self.open_delay = delay;
        self
    }

    /// From now on no page can be opened, for this reason; `None` mends it.
    pub fn fail_opens(&self, why: Option<&str>) {
        self.failing.send_replace(why.map(str::to_owned));
    }

    /// Every page dies, as when the browser is killed.
    pub fn kill(&self) {
        for page in self.pages.lock().values() {
            page.lost.send_replace(Some(LostReason::BrowserExited));
        }
    }

    /// Pages that have not been closed.
    pub fn open_pages(&self) -> usize {
        self.pages.lock().len()
    }
}

impl Backend for Simulated {
    fn open(&self, _options: SessionOptions, _deadline: Instant) -> BoxFuture<'_, Result<OpenPage, Fault>> {
        async move {
            tokio::time::sleep(self.open_delay).await;
            if let Some(why) = self.failing.borrow().clone() {
                return Err(Fault::Unavailable(why));
            }
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            let (events, receiver) = mpsc::channel(256);
            let page = Arc::new(SimulatedPage {
                id,
                script: Arc::clone(&self.script),
                state: Mutex::new(State { url: "about:blank".to_owned(), fields: BTreeMap::new() }),
                events,
                lost: watch::Sender::new(None),
                pages: Arc::clone(&self.pages),
            });
            self.pages.lock().insert(id, Arc::clone(&page));
            Ok(OpenPage { page, events: receiver })
        }
        .boxed()
    }

    fn health(&self) -> Result<(), String> {
        self.failing.borrow().clone().map_or(Ok(()), Err)
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
    state: Mutex<State>,
    events: mpsc::Sender<EventKind>,
    lost: watch::Sender<Option<LostReason>>,
    pages: Arc<Mutex<HashMap<u64, Arc<Self>>>>,
}

struct State {
    url: String,
    fields: BTreeMap<String, String>,
}

impl fmt::Debug for SimulatedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedPage").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Page for SimulatedPage {
    fn perform(self: Arc<Self>, action: Action, deadline: Instant) -> BoxFuture<'static, Result<Outcome, Fault>> {
        async move {
            let lost = self.lost();
            let work = self.work(&action);
            tokio::select! {
                result = work => result,
                reason = lost => Err(reason.into()),
                () = tokio::time::sleep_until(deadline) => Err(Fault::TimedOut {
                    message: format!("{} did not end within {} ms", action.kind(), action.timeout().as_millis()),
                    details: serde_json::Map::new(),
                    outcome: RunOutcome::Unknown,
                }),
            }
        }
        .boxed()
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

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        self.pages.lock().remove(&self.id);
        std::future::ready(()).boxed()
    }
}

impl SimulatedPage {
    async fn work(&self, action: &Action) -> Result<Outcome, Fault> {
        match (self.script)(action) {
            Step::Succeed(after) => {
                tokio::time::sleep(after).await;
                let picture = action.screenshot.then(pixel);
                let mut outcome = Outcome::from(self.succeed(&action.deed));
                outcome.screenshot = picture;
                Ok(outcome)
            }
            Step::Fail(after, message) => {
                tokio::time::sleep(after).await;
                Err(Fault::failed(message))
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

    fn succeed(&self, deed: &Deed) -> ActionResult {
        let mut state = self.state.lock();
        match deed {
            Deed::Goto(goto) => {
                state.url = goto.url.to_string();
                state.fields.clear();
                let _ = self.events.try_send(EventKind::PageNavigated { url: state.url.clone() }); // full: dropped
                ActionResult::Goto(GotoResult { url: state.url.clone(), status: Some(200), title: title(&state) })
            }
            Deed::Title => ActionResult::Title { title: title(&state) },
            Deed::Url => ActionResult::Url { url: state.url.clone() },
            Deed::Screenshot(_) => ActionResult::Screenshot(pixel()),
            Deed::WaitForSelector(_) => element(None, None),
            Deed::Click(click) => match &click.target {
                Target::At(point) => element(Some(*point), None),
                Target::Element { .. } => element(Some(Point { x: 0.0, y: 0.0 }), None),
            },
            Deed::Fill(fill) => {
                state.fields.insert(fill.selector.as_str().to_owned(), fill.value.clone());
                element(None, Some(fill.value.clone()))
            }
            Deed::Content(content) => ActionResult::Content(ContentResult {
                format: content.format,
                content: format!("simulated page at {}", state.url),
                url: state.url.clone(),
                title: title(&state),
            }),
            Deed::Query(query) => ActionResult::Query(QueryResult {
                selector: query.selector.clone(),
                fields: query.fields.clone(),
                attributes: query.attributes.clone(),
                limit: query.limit,
                count: 0,
                elements: Vec::new(),
            }),
            // Sessions take batches apart before a page sees them.
            Deed::Batch(_) => ActionResult::Title { title: title(&state) },
        }
    }
}

fn title(state: &State) -> String {
    format!("Simulated {}", state.url)
}

fn element(clicked_point: Option<Point>, value: Option<String>) -> ActionResult {
    let diagnostics = Diagnostics {
        matched: true,
        match_count: 1,
        visible: true,
        enabled: Some(true),
        element_text: Some(String::new()),
        tag_name: Some("div".to_owned()),
        attributes: Some(BTreeMap::new()),
        bounding_box: None,
        covered_by: None,
    };
    ActionResult::Element(Box::new(ElementResult { diagnostics: Some(diagnostics), clicked_point, value }))
}

fn pixel() -> Picture {
    Picture { format: PictureFormat::Png, body: Bytes::from_static(PIXEL), width: 1, height: 1, clamped: false }
}
