//! Sending on what happens in a session to an instance that follows it, as frames that are encoded once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::stream::{AbortHandle, Abortable};
use parking_lot::Mutex;
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    time::{Instant, MissedTickBehavior},
};

use super::{
    gateway::Gateway,
    message::{Item, Message},
    owner::encode,
};
use crate::{
    ledger::redis::InstanceId,
    session::{EventFrame, EventKind, Follow, Line, Said, SessionId, WireForm},
    tasks::Tasks,
};

/// How often a follower is told where the log stands, so that it notices a lost last message.
const POSITION: Duration = Duration::from_secs(5);

/// How long an answer waits for the events before it.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The feeds of an instance.
#[derive(Debug)]
pub(super) struct Feeders {
    gateway: Arc<Gateway>,
    tasks: Tasks,
    feeds: Arc<Mutex<HashMap<(InstanceId, u64), Feeding>>>,
}

#[derive(Debug)]
enum Feeding {
    /// Its follower has not been told yet where it begins.
    Prepared(SessionId, Box<Follow>),
    Running(SessionId, AbortHandle, watch::Receiver<Progress>),
}

/// How far a feed has come.
#[derive(Debug, Clone, Copy)]
enum Progress {
    At(u64),
    Ended,
}

impl Feeders {
    pub(super) fn new(gateway: Arc<Gateway>, tasks: Tasks) -> Self {
        Self { gateway, tasks, feeds: Arc::default() }
    }

    pub(super) fn prepare(&self, to: &InstanceId, feed: u64, id: SessionId, follow: Follow) {
        self.feeds.lock().insert((to.clone(), feed), Feeding::Prepared(id, Box::new(follow)));
    }

    /// Begins to send what comes after the place the follower was told.
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
            let _ = Abortable::new(feeding, registration).await; // stopped by its follower
            progress.send_replace(Progress::Ended);
            feeds.lock().remove(&key);
        });
    }

    /// Waits until an instance has been sent everything up to this event (all of it, without one): an answer never overtakes
    /// what happened before it.
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
        let _ = tokio::time::timeout(CATCH_UP, futures::future::join_all(all)).await; // then it overtakes
    }

    pub(super) fn stop(&self, to: &InstanceId, feed: u64) {
        if let Some(Feeding::Running(_, abort, _)) = self.feeds.lock().remove(&(to.clone(), feed)) {
            abort.abort();
        }
    }
}

/// Sends until the log ends or nobody takes it.
async fn run(
    gateway: &Gateway,
    (to, feed): &(InstanceId, u64),
    id: SessionId,
    mut follow: Follow,
    progress: &watch::Sender<Progress>,
) {
    let mut position = tokio::time::interval_at(Instant::now() + POSITION, POSITION);
    position.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut seq, mut ended, mut talks) = (follow.seq, false, true);
    while !ended {
        let item = tokio::select! {
            biased;
            event = follow.live.recv() => match event {
                Ok(event) => {
                    seq = event.seq;
                    ended = matches!(event.kind, EventKind::SessionClosed(_));
                    let frame = || encode(&EventFrame::logged(id, &follow.epoch, &event));
                    Item::Event(event.frame(WireForm::MessagePack, frame))
                }
                // Too slow: the follower finds the hole and asks for what is missing.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => {
                    ended = true;
                    Item::End
                }
            },
            line = follow.lines.recv(), if talks => match line {
                Ok(line) => said(&line),
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => {
                    talks = false;
                    continue;
                }
            },
            _ = position.tick() => Item::Position(seq),
        };
        match gateway.send(to, &Message::Feed(*feed, item)).await {
            Ok(0) => return,
            Ok(_) => {
                progress.send_if_modified(|progress| match progress {
                    Progress::At(at) if *at < seq => {
                        *at = seq;
                        true
                    }
                    _ => false,
                });
            }
            Err(error) => tracing::debug!(%error, "an event could not be relayed; it will be asked for"),
        }
    }
}

fn said(line: &Line) -> Item {
    match &line.said {
        Said::Console(message) => Item::Console(message.clone(), line.dropped),
        Said::Error(error) => Item::Error(error.clone(), line.dropped),
    }
}
