//! Forwards the events of a session to an instance that follows it. Frames are encoded once and sent unchanged.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    stream::{AbortHandle, Abortable},
};
use parking_lot::Mutex;
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    time::{Instant, MissedTickBehavior},
};

use super::{
    gateway::Gateway,
    message::{Item, Message, encode_frame},
};
use crate::{
    actor::Follow,
    event::{ConsoleEntry, ConsoleLine, EventFrame, EventKind, WireForm},
    ledger::redis::InstanceId,
    session::SessionId,
    tasks::Tasks,
};

/// Interval at which a follower is sent the position of the log, so that it notices the loss of the last message.
const POSITION: Duration = Duration::from_secs(5);

/// How long an answer waits for the events before it to be sent.
const CATCH_UP: Duration = Duration::from_secs(1);

/// A follower that has not been reached for this long is gone. One that was unreachable only briefly detects the gap
/// with the next item.
const GONE: Duration = Duration::from_secs(15);

/// Maximum number of items in one message.
const TOGETHER: usize = 64;

/// The feeds that an instance sends.
#[derive(Debug)]
pub(super) struct EventForwarders {
    gateway: Arc<Gateway>,
    tasks: Tasks,
    feeds: Arc<Mutex<HashMap<(InstanceId, u64), Feeding>>>,
}

#[derive(Debug)]
enum Feeding {
    /// The follower has not been answered yet where its feed begins.
    Prepared(SessionId, Box<Follow>),
    Running(SessionId, AbortHandle, watch::Receiver<Progress>),
}

/// How far a feed has come.
#[derive(Debug, Clone, Copy)]
enum Progress {
    At(u64),
    Ended,
}

impl EventForwarders {
    pub(super) fn new(gateway: Arc<Gateway>, tasks: Tasks) -> Self {
        Self { gateway, tasks, feeds: Arc::default() }
    }

    pub(super) fn prepare(&self, to: &InstanceId, feed: u64, id: SessionId, follow: Follow) {
        self.feeds.lock().insert((to.clone(), feed), Feeding::Prepared(id, Box::new(follow)));
    }

    /// Starts sending the items after the position that the follower was given in its answer.
    pub(super) fn begin(&self, to: &InstanceId, feed: u64) {
        let key = (to.clone(), feed);
        let (abort, registration) = AbortHandle::new_pair();
        let mut feeds = self.feeds.lock();
        let Some(Feeding::Prepared(id, follow)) = feeds.remove(&key) else { return };
        let (progress, seen) = watch::channel(Progress::At(follow.seq));
        feeds.insert(key.clone(), Feeding::Running(id, abort, seen));
        drop(feeds);
        let (gateway, feeds) = (Arc::clone(&self.gateway), Arc::clone(&self.feeds));
        self.tasks.spawn(async move {
            let feeding = run(&gateway, &key, id, *follow, &progress);
            let _ = Abortable::new(feeding, registration).await; // ends when the follower stops it
            progress.send_replace(Progress::Ended);
            feeds.lock().remove(&key);
        });
    }

    /// Waits until an instance has been sent every event up to `seq`, or all events if `seq` is `None`, so that an
    /// answer does not overtake the events before it.
    pub(super) async fn caught_up(&self, to: &InstanceId, session: SessionId, seq: Option<u64>) {
        let concerned = |((instance, _), feeding): (&(InstanceId, u64), &Feeding)| match feeding {
            Feeding::Running(id, _, progress) if instance == to && *id == session => Some(progress.clone()),
            _ => None,
        };
        let feeds: Vec<_> = self.feeds.lock().iter().filter_map(concerned).collect();
        let done = |progress: &Progress| match progress {
            Progress::At(at) => seq.is_some_and(|seq| *at >= seq),
            Progress::Ended => true,
        };
        let all = feeds.into_iter().map(|mut progress| async move { drop(progress.wait_for(done).await) });
        // after the timeout the answer overtakes the events
        let _ = tokio::time::timeout(CATCH_UP, futures::future::join_all(all)).await;
    }

    pub(super) fn stop(&self, to: &InstanceId, feed: u64) {
        if let Some(Feeding::Running(_, abort, _)) = self.feeds.lock().remove(&(to.clone(), feed)) {
            abort.abort();
        }
    }
}

/// Sends items until the log ends or the follower is gone. Items that are ready at once are sent in one message.
async fn run(
    gateway: &Gateway,
    (to, feed): &(InstanceId, u64),
    id: SessionId,
    follow: Follow,
    progress: &watch::Sender<Progress>,
) {
    let mut position = tokio::time::interval_at(Instant::now() + POSITION, POSITION);
    position.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut source = Source { id, seq: follow.seq, follow, ended: false, talks: true };
    let mut taken = Instant::now();
    while !source.ended {
        let mut items = tokio::select! {
            biased;
            _ = position.tick() => vec![Item::Position(source.seq)],
            item = source.next() => Vec::from_iter(item),
        };
        while items.len() < TOGETHER && !source.ended {
            let Some(item) = source.next().now_or_never() else { break };
            items.extend(item);
        }
        match gateway.send(to, &Message::Feed(*feed, items)).await {
            Ok(0) if taken.elapsed() >= GONE => return,
            Ok(takers) => {
                if takers > 0 {
                    taken = Instant::now();
                }
                progress.send_replace(Progress::At(source.seq));
            }
            Err(error) => tracing::debug!(%error, "events could not be relayed; the follower will request them"),
        }
    }
}

/// The sources of one feed.
struct Source {
    id: SessionId,
    follow: Follow,
    /// `seq` of the last event taken from the log.
    seq: u64,
    ended: bool,
    talks: bool,
}

impl Source {
    /// The next item to send; `None` when events were lost, which the follower detects by itself.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost when the future is dropped.
    async fn next(&mut self) -> Option<Item> {
        let Follow { live, lines, epoch, .. } = &mut self.follow;
        tokio::select! {
            biased;
            event = live.recv() => match event {
                Ok(event) => {
                    self.seq = event.seq;
                    self.ended = matches!(event.kind, EventKind::SessionClosed(_));
                    let frame = || encode_frame(&EventFrame::logged(self.id, epoch, &event));
                    Some(Item::Event(event.frame(WireForm::MessagePack, frame)))
                }
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => {
                    self.ended = true;
                    Some(Item::End)
                }
            },
            line = lines.recv(), if self.talks => match line {
                Ok(line) => Some(said(&line)),
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => {
                    self.talks = false;
                    None
                }
            },
        }
    }
}

fn said(line: &ConsoleLine) -> Item {
    match &line.entry {
        ConsoleEntry::Console(message) => Item::Console(message.clone(), line.dropped),
        ConsoleEntry::Error(error) => Item::Error(error.clone(), line.dropped),
    }
}
