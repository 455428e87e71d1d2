//! The live view: pictures of a session's page. They are taken once for all viewers, and only while a viewer waits for
//! the next one.

use std::{collections::HashMap, fmt, sync::Arc};

use futures::{StreamExt, stream::BoxStream};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{Duration, Instant},
};

use crate::{
    browser::{Page, Screencast, ViewFrame},
    clock::{Clock, Timestamp},
    tasks::Tasks,
};

/// The options of one viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewOptions {
    /// Maximum number of pictures per second, at least 1.
    pub max_fps: u32,
    /// Size and quality of the pictures.
    pub screencast: Screencast,
}

impl ViewOptions {
    /// Options that satisfy both viewers.
    fn with(self, other: Self) -> Self {
        let (one, two) = (self.screencast, other.screencast);
        let screencast = Screencast {
            quality: one.quality.max(two.quality),
            max_width: one.max_width.max(two.max_width),
            max_height: one.max_height.max(two.max_height),
        };
        Self { max_fps: self.max_fps.max(other.max_fps), screencast }
    }

    fn pause(self) -> Duration {
        Duration::from_secs(1) / self.max_fps.max(1)
    }
}

/// A picture as viewers get it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NumberedFrame {
    /// Number of the picture within its session, from 1. A gap between two numbers stands for pictures this viewer did
    /// not get.
    pub number: u64,
    /// Time at which the picture was taken.
    pub at: Timestamp,
    /// The picture itself.
    pub frame: ViewFrame,
}

#[derive(Debug, Clone)]
enum Showing {
    Nothing,
    Picture(Arc<NumberedFrame>),
    Ended,
}

/// The live view of one session, shared by its viewers.
#[derive(Debug)]
pub(crate) struct LiveView {
    page: Arc<dyn Page>,
    tasks: Tasks,
    clock: Clock,
    viewers: Mutex<Viewers>,
    /// Options that satisfy all viewers; `None` while there are no viewers.
    wanted: watch::Sender<Option<ViewOptions>>,
    /// Number of viewers that wait for the next picture.
    waiting: watch::Sender<usize>,
    showing: watch::Sender<Showing>,
}

#[derive(Debug, Default)]
struct Viewers {
    options: HashMap<u64, ViewOptions>,
    joined: u64,
    filming: bool,
}

/// One viewer of a live view. Dropping it ends its part in the live view.
pub struct View {
    pictures: BoxStream<'static, Arc<NumberedFrame>>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

impl View {
    /// A view made from a stream of pictures, whatever its source.
    pub(crate) fn of(pictures: BoxStream<'static, Arc<NumberedFrame>>) -> Self {
        Self { pictures }
    }

    /// Waits for the newest picture after the last one returned, at most as often as the viewer's `max_fps` allows.
    /// Returns `None` once the session has ended.
    ///
    /// # Cancel safety
    /// Cancel safe: no picture is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Arc<NumberedFrame>> {
        self.pictures.next().await
    }
}

/// A viewer of a page of this process.
struct Viewer {
    live: Arc<LiveView>,
    id: u64,
    pause: Duration,
    seen: u64,
    next: Instant,
    showing: watch::Receiver<Showing>,
}

impl LiveView {
    pub(crate) fn new(page: Arc<dyn Page>, tasks: Tasks, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            page,
            tasks,
            clock,
            viewers: Mutex::default(),
            wanted: watch::Sender::new(None),
            waiting: watch::Sender::new(0),
            showing: watch::Sender::new(Showing::Nothing),
        })
    }

    pub(crate) fn join(self: &Arc<Self>, options: ViewOptions) -> View {
        let mut viewers = self.viewers.lock();
        viewers.joined += 1;
        let id = viewers.joined;
        viewers.options.insert(id, options);
        self.wanted.send_replace(viewers.wanted());
        if !viewers.filming {
            viewers.filming = true;
            self.tasks.spawn(Arc::clone(self).film());
        }
        let showing = self.showing.subscribe();
        let viewer =
            Viewer { live: Arc::clone(self), id, pause: options.pause(), seen: 0, next: Instant::now(), showing };
        View::of(futures::stream::unfold(viewer, |mut viewer| async { Some((viewer.next().await?, viewer)) }).boxed())
    }

    /// Ends the stream of every viewer, because the session has ended.
    pub(crate) fn end(&self) {
        self.showing.send_replace(Showing::Ended);
        self.wanted.send_replace(None);
    }

    /// Takes pictures until there are no viewers or the page is gone.
    async fn film(self: Arc<Self>) {
        while let Some(options) = self.still_wanted() {
            self.film_with(options).await;
        }
    }

    /// The options in force; `None` ends the taking of pictures.
    fn still_wanted(&self) -> Option<ViewOptions> {
        let mut viewers = self.viewers.lock();
        let ended = matches!(*self.showing.borrow(), Showing::Ended);
        let wanted = viewers.wanted().filter(|_| !ended);
        viewers.filming = wanted.is_some();
        wanted
    }

    /// Takes pictures with these options until other options are in force.
    async fn film_with(&self, options: ViewOptions) {
        let mut wanted = self.wanted.subscribe();
        let mut waiting = self.waiting.subscribe();
        let mut frames = Arc::clone(&self.page).screencast(options.screencast);
        let filming = async {
            loop {
                let _ = waiting.wait_for(|waiting| *waiting > 0).await; // cannot fail: the sender is in self
                match frames.next().await {
                    Some(frame) => self.show(frame),
                    None => return self.end(),
                }
                tokio::time::sleep(options.pause()).await;
            }
        };
        tokio::select! {
            () = filming => {}
            _ = wanted.wait_for(|wanted| *wanted != Some(options)) => {}
        }
    }

    fn show(&self, frame: ViewFrame) {
        let at = self.clock.now();
        self.showing.send_modify(|showing| {
            let number = match showing {
                Showing::Nothing => 1,
                Showing::Picture(last) => last.number + 1,
                Showing::Ended => return,
            };
            *showing = Showing::Picture(Arc::new(NumberedFrame { number, at, frame }));
        });
    }
}

impl Viewers {
    fn wanted(&self) -> Option<ViewOptions> {
        self.options.values().copied().reduce(ViewOptions::with)
    }
}

impl Viewer {
    async fn next(&mut self) -> Option<Arc<NumberedFrame>> {
        tokio::time::sleep_until(self.next).await;
        let _waits = Waits::count(&self.live.waiting);
        let seen = self.seen;
        let newer = |showing: &Showing| match showing {
            Showing::Nothing => false,
            Showing::Picture(shown) => shown.number > seen,
            Showing::Ended => true,
        };
        let showing = self.showing.wait_for(newer).await.ok()?.clone();
        let Showing::Picture(shown) = showing else { return None };
        self.seen = shown.number;
        self.next = Instant::now() + self.pause;
        Some(shown)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut viewers = self.live.viewers.lock();
        viewers.options.remove(&self.id);
        self.live.wanted.send_replace(viewers.wanted());
    }
}

/// Counts one waiting viewer for as long as this value lives.
struct Waits<'a>(&'a watch::Sender<usize>);

impl<'a> Waits<'a> {
    fn count(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}
