//! Follows a session of another instance: subscribes at the session's owner, and requests again what did not arrive.

use std::{sync::Arc, time::Duration};

use super::{
    Shared,
    message::{Following, Message, Verb, VerbResponse},
    replica::{Condition, Replica, event},
    routing::RemoteSession,
};
use crate::{
    actor::Follow,
    error::{Error, ErrorCode},
    event::{Epoch, EventKind, SessionClosed, Since},
};

/// Silence for this long means that the owner, or the connection to it, is gone; an owner sends its position more
/// often.
const SILENCE: Duration = Duration::from_secs(12);
/// Pause between two attempts to find a session whose owner is silent.
const PAUSE: Duration = Duration::from_secs(1);

/// The subscription of a follower at the owner of a session.
struct Tie {
    shared: Arc<Shared>,
    remote: RemoteSession,
    epoch: Epoch,
    feed: u64,
    replica: Arc<Replica>,
}

impl Shared {
    /// Subscribes at the owner.
    pub(super) async fn follow_at(
        self: &Arc<Self>,
        remote: RemoteSession,
        since: Option<Since>,
    ) -> Result<Follow, Error> {
        let feed = self.gateway.number();
        let replica = Replica::new(feed);
        let (live, lines) = replica.follow();
        self.gateway.feed(feed, &replica);
        let told = self.subscribe(&remote, since, feed).await;
        let Following { epoch, seq, recovered, replay, session, url } = match told {
            Ok(following) => following,
            Err(error) => {
                self.gateway.forget_feed(feed);
                return Err(error);
            }
        };
        replica.begin(seq);
        let tie = Tie { shared: Arc::clone(self), remote, epoch: epoch.clone(), feed, replica };
        if session.is_active() {
            self.tasks.spawn(tie.keep());
        } else {
            self.gateway.forget_feed(feed);
        }
        let replay = replay.into_iter().filter_map(event).collect();
        Ok(Follow { epoch, seq, recovered, replay, session, url, live, lines })
    }

    async fn subscribe(&self, remote: &RemoteSession, since: Option<Since>, feed: u64) -> Result<Following, Error> {
        match self.ask(remote, Verb::Follow { id: remote.id, since, feed }).await? {
            VerbResponse::Following(following) => Ok(*following),
            _ => Err(Error::internal("another instance answered something else")),
        }
    }
}

impl Tie {
    /// Maintains the subscription until the log has ended, the follower has left, or missing events cannot be
    /// recovered. In the last case the follower's stream ends without the last event, which tells it that events were
    /// lost.
    async fn keep(mut self) {
        loop {
            let condition = tokio::select! {
                biased;
                condition = self.replica.trouble(SILENCE) => condition,
                () = self.shared.tasks.stopped() => Condition::Over,
            };
            if condition == Condition::Over || !self.repair().await {
                break;
            }
        }
        self.shared.gateway.forget_feed(self.feed);
        let unfollow = Message::Unfollow(self.shared.me().clone(), self.feed);
        // fails when the owner is gone, and then there is no feed to stop
        let _ = self.shared.gateway.send(&self.remote.owner, &unfollow).await;
    }

    /// Requests the missing events; returns false when there is nothing more to follow.
    async fn repair(&mut self) -> bool {
        loop {
            match self.subscribe_again().await {
                Ok(recovered) => return recovered,
                Err(error) => match error.session() {
                    // The owner died, or it ended the session and dropped its log. The final view of the ledger
                    // supplies the last event.
                    Some(last) if !last.is_active() => {
                        self.replica.end(EventKind::SessionClosed(SessionClosed { session: Box::new(last.clone()) }));
                        return false;
                    }
                    // The session was lost together with all data of Redis, so its end will never be known.
                    _ if error.code() == ErrorCode::SessionNotFound => return false,
                    _ => tracing::debug!(%error, session.id = %self.remote.id, "a followed session cannot be reached"),
                },
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(PAUSE) => {}
                () = self.replica.abandoned() => return false,
                () = self.shared.tasks.stopped() => return false,
            }
        }
    }

    async fn subscribe_again(&mut self) -> Result<bool, Error> {
        let gateway = &self.shared.gateway;
        gateway.forget_feed(self.feed);
        self.feed = gateway.number();
        self.replica.switch(self.feed);
        gateway.feed(self.feed, &self.replica);
        let since = Since { epoch: self.epoch.clone(), seq: self.replica.seq() };
        let following = self.shared.subscribe(&self.remote, Some(since), self.feed).await?;
        if following.recovered {
            self.replica.resume(following.replay);
        }
        Ok(following.recovered)
    }
}
