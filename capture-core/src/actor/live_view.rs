//! Pictures of a session's page for those who watch it: made once for all of them, and only while someone wants the next one.

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

/// What a viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewOptions {
    /// Pictures a second, at least 1.
    pub max_fps: u32,
    /// Size and quality.
    pub screencast: Screencast,
}

impl ViewOptions {
    /// What serves both.
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
    /// Counted in this session from 1; what is left out between two was never seen by the viewer.
    pub number: u64,
    /// When it was taken.
    pub at: Timestamp,
    /// The picture.
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
    /// What serves all viewers; none while there are none.
    wanted: watch::Sender<Option<ViewOptions>>,
    /// Viewers that wait for the next picture.
    waiting: watch::Sender<usize>,
    showing: watch::Sender<Showing>,
}

#[derive(Debug, Default)]
struct Viewers {
    options: HashMap<u64, ViewOptions>,
    joined: u64,
    filming: bool,
}

/// One viewer. Dropping it ends its part.
pub struct View {
    pictures: BoxStream<'static, Arc<NumberedFrame>>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

impl View {
    /// A view of these pictures, wherever they come from.
    pub(crate) fn of(pictures: BoxStream<'static, Arc<NumberedFrame>>) -> Self {
        Self { pictures }
    }

    /// The newest picture after the last one, not sooner than the viewer's rate allows; `None` once the session has ended.
    ///
    /// # Cancel safety
    /// No picture is lost when dropped.
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

    /// The session ended: every viewer learns it.
    pub(crate) fn end(&self) {
        self.showing.send_replace(Showing::Ended);
        self.wanted.send_replace(None);
    }

    /// Takes pictures until nobody watches or the page is gone.
    async fn film(self: Arc<Self>) {
        while let Some(options) = self.still_wanted() {
            self.film_with(options).await;
        }
    }

    /// What is wanted; `None` ends the filming.
    fn still_wanted(&self) -> Option<ViewOptions> {
        let mut viewers = self.viewers.lock();
        let ended = matches!(*self.showing.borrow(), Showing::Ended);
        let wanted = viewers.wanted().filter(|_| !ended);
        viewers.filming = wanted.is_some();
        wanted
    }

    /// Takes pictures until something else is wanted.
    async fn film_with(&self, options: ViewOptions) {
        let mut wanted = self.wanted.subscribe();
        let mut waiting = self.waiting.subscribe();
        let mut frames = Arc::clone(&self.page).screencast(options.screencast);
        let filming = async {
            loop {
                let _ = waiting.wait_for(|waiting| *waiting > 0).await; // the sender is self
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

/// Counts a viewer that waits, while it lives.
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
