//! The sessions a connection follows and views. Each yields events or pictures until the client leaves it or it ends.

use std::{collections::HashMap, sync::Arc};

use capture_core::{
    actor::{Follow, NumberedFrame, View},
    event::{ConsoleLine, Epoch, Event, EventKind},
    session::SessionId,
};
use futures::{
    StreamExt,
    stream::{AbortHandle, Abortable, BoxStream, SelectAll},
};
use tokio::{
    sync::{Semaphore, broadcast},
    time::Instant,
};

use crate::{
    countdown::next_tick,
    frame::EventFilter,
    outbox::{Deadline, Outbox},
};

/// Pictures a viewer receives before it returns credits, and the most credits it may have.
const FIRST_CREDITS: usize = 2;
const MAX_CREDITS: usize = 10;

/// Something that arrived from a session.
#[derive(Debug)]
pub(super) enum News {
    /// An event of the log.
    Event(SessionId, Arc<Event>),
    /// A line of the console, or a page error.
    Line(SessionId, Arc<ConsoleLine>),
    /// A picture.
    Picture(SessionId, Arc<NumberedFrame>),
    /// The session has ended and its last picture was shown.
    ViewOver(SessionId),
    /// Events were lost because this connection was too slow.
    Lost,
}

/// Everything a connection follows and views.
#[derive(Default)]
pub(super) struct Subscriptions {
    streams: SelectAll<BoxStream<'static, News>>,
    pub(super) followed: HashMap<SessionId, Followed>,
    pub(super) viewed: HashMap<SessionId, Viewed>,
}

/// A session that is followed.
pub(super) struct Followed {
    pub(super) epoch: Epoch,
    pub(super) deadline: Deadline,
    wanted: EventFilter,
    /// When the next countdown is due.
    tick: Option<Instant>,
    end: AbortHandle,
}

/// A session that is viewed.
pub(super) struct Viewed {
    credits: Arc<Semaphore>,
    seen: u64,
    end: AbortHandle,
}

impl Subscriptions {
    /// Waits for the next news; never completes while no session is followed or viewed.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> News {
        match self.streams.next().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// Follows a session, in place of an earlier subscription to it.
    pub(super) fn follow(&mut self, id: SessionId, follow: Follow, wanted: EventFilter, deadline: Deadline) {
        self.unfollow(id);
        let Follow { epoch, live, lines, .. } = follow;
        let events = events(id, live);
        let news = if wanted.console || wanted.errors {
            // Events take precedence, so console lines never delay them.
            futures::stream::select_with_strategy(events, said(id, lines), |(): &mut ()| {
                futures::stream::PollNext::Left
            })
            .boxed()
        } else {
            events
        };
        let end = self.add(news);
        let mut followed = Followed { epoch, deadline, wanted, tick: None, end };
        followed.plan();
        self.followed.insert(id, followed);
    }

    /// Stops following a session. Returns whether it was followed.
    pub(super) fn unfollow(&mut self, id: SessionId) -> bool {
        let followed = self.followed.remove(&id);
        if let Some(followed) = &followed {
            followed.end.abort();
        }
        followed.is_some()
    }

    /// Views a session, in place of an earlier view of it.
    pub(super) fn view(&mut self, id: SessionId, view: View) {
        self.unview(id);
        let credits = Arc::new(Semaphore::new(FIRST_CREDITS));
        let end = self.add(pictures(id, view, Arc::clone(&credits)));
        self.viewed.insert(id, Viewed { credits, seen: 0, end });
    }

    /// Stops viewing a session.
    pub(super) fn unview(&mut self, id: SessionId) {
        if let Some(viewed) = self.viewed.remove(&id) {
            viewed.end.abort();
        }
    }

    /// Adds credits: the viewer can take `count` more pictures.
    pub(super) fn credit(&mut self, id: SessionId, count: usize) {
        if let Some(viewed) = self.viewed.get(&id) {
            let room = MAX_CREDITS.saturating_sub(viewed.credits.available_permits());
            viewed.credits.add_permits(count.min(room));
        }
    }

    /// Puts a picture into the outbox.
    pub(super) fn show(&mut self, id: SessionId, shown: Arc<NumberedFrame>, outbox: &Outbox) {
        let Some(viewed) = self.viewed.get_mut(&id) else { return };
        let dropped = if viewed.seen == 0 { 0 } else { shown.number.saturating_sub(viewed.seen + 1) };
        viewed.seen = shown.number;
        if outbox.put_picture(id, shown, dropped) {
            // The client never sees the picture that was replaced, so its credit is returned.
            viewed.credits.add_permits(1);
        }
    }

    /// When the next countdown of any session is due.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.followed.values().filter_map(|followed| followed.tick).min()
    }

    /// Puts the countdowns that are due into the outbox.
    pub(super) fn tick(&mut self, outbox: &Outbox) {
        let now = Instant::now();
        for (id, followed) in &mut self.followed {
            if followed.tick.is_some_and(|tick| tick <= now) {
                outbox.put_countdown(*id, followed.deadline);
                followed.plan();
            }
        }
    }

    fn add(&mut self, news: BoxStream<'static, News>) -> AbortHandle {
        let (end, ended) = AbortHandle::new_pair();
        self.streams.push(Abortable::new(news, ended).boxed());
        end
    }
}

impl Followed {
    /// Whether the subscriber wants this line.
    pub(super) fn wants(&self, line: &ConsoleLine) -> bool {
        match line.entry {
            capture_core::event::ConsoleEntry::Console(_) => self.wanted.console,
            capture_core::event::ConsoleEntry::Error(_) => self.wanted.errors,
        }
    }

    /// Records a new deadline and makes its countdown due at once.
    pub(super) fn renew(&mut self, expires_at: capture_core::clock::Timestamp) {
        let (old, new) = (self.deadline.expires_at, expires_at);
        let at = if new > old { self.deadline.at + new.since(old) } else { self.deadline.at - old.since(new) };
        self.deadline = Deadline { at, expires_at };
        if self.wanted.countdown.is_some() {
            self.tick = Some(Instant::now());
        }
    }

    fn plan(&mut self) {
        let left = self.deadline.at.saturating_duration_since(Instant::now());
        self.tick = self.wanted.countdown.and_then(|every| {
            let next = next_tick(left, every);
            (!next.is_zero()).then(|| self.deadline.at - next)
        });
    }
}

fn events(id: SessionId, live: broadcast::Receiver<Arc<Event>>) -> BoxStream<'static, News> {
    let next = move |live: Option<broadcast::Receiver<Arc<Event>>>| async move {
        let mut live = live?;
        match live.recv().await {
            Ok(event) => {
                let is_last = matches!(event.kind, EventKind::SessionClosed(_));
                Some((News::Event(id, event), (!is_last).then_some(live)))
            }
            // The connection was too slow, or is cut off from the instance that has the session.
            Err(broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed) => {
                Some((News::Lost, None))
            }
        }
    };
    futures::stream::unfold(Some(live), next).boxed()
}

fn said(id: SessionId, lines: broadcast::Receiver<Arc<ConsoleLine>>) -> BoxStream<'static, News> {
    let next = move |mut lines: broadcast::Receiver<Arc<ConsoleLine>>| async move {
        loop {
            match lines.recv().await {
                Ok(line) => return Some((News::Line(id, line), lines)),
                Err(broadcast::error::RecvError::Lagged(_)) => {} // console lines may be lost
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    };
    futures::stream::unfold(lines, next).boxed()
}

fn pictures(id: SessionId, view: View, credits: Arc<Semaphore>) -> BoxStream<'static, News> {
    let next = move |(mut view, credits): (View, Arc<Semaphore>)| async move {
        credits.acquire().await.ok()?.forget();
        let shown = view.next().await?;
        Some((News::Picture(id, shown), (view, credits)))
    };
    let over = futures::stream::once(std::future::ready(News::ViewOver(id)));
    futures::stream::unfold((view, credits), next).chain(over).boxed()
}
