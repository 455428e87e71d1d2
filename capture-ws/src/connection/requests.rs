//! What each request does, and how it is answered. Nothing here waits: work that takes time is put in flight.

use std::{collections::HashMap, sync::Arc};

use capture_core::{
    Caller, Error, ErrorCode, Executed,
    account::{Grant, Scope},
    actor::{Follow, View},
    event::{EventFrame, EventKind},
    session::{Keyed, SessionId, SessionOptions, SessionView},
};
use futures::{FutureExt, Stream, StreamExt, future::BoxFuture};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::{
    reader::Reader,
    turn::{Answer, Done, Stop},
};
use crate::{
    client::connect_url,
    close::CloseCode,
    frame::{Cancelled, Command, Empty, EventFilter, Hello, Pong, SessionResult, SessionsResult, Snapshot, Subscribed},
    limits::millis,
    outbox::Deadline,
};

/// Answers with a session without an address for CDP clients.
fn as_it_is(view: SessionView) -> Answer {
    Answer::Session(view, None)
}

impl Reader {
    /// Reads the first frame, which must authenticate the client, and answers it.
    pub(super) async fn greet<R>(&mut self, stream: &mut R) -> Result<Grant, Stop>
    where
        R: Stream<Item = Result<Message, WsError>> + Unpin,
    {
        let message = loop {
            match stream.next().await {
                Some(Ok(message)) if message.is_text() || message.is_binary() => break message,
                Some(Ok(_heartbeat)) => {
                    if let Some(next) = self.rate_limiter.count() {
                        sleep_until(next).await;
                    }
                }
                Some(Err(error)) => return Err(self.on_broken(&error)),
                None => return Err(Stop::Left),
            }
        };
        if message.len() > self.common.shared.limits.hello_frame_bytes {
            return Err(self.close(CloseCode::TooLarge, "the first frame is too large"));
        }
        let request = self.read(&message)?;
        let command = Command::parse(&request, &self.common.shared.session_limits);
        let Ok(Command::Hello { ticket: Some(ticket) }) = command else {
            return Err(self.close(CloseCode::Unauthenticated, "the first frame is connection.hello with a ticket"));
        };
        match self.common.shared.tickets.redeem(ticket).await {
            Ok(Some(grant)) => {
                self.hello(request.id, grant.scope);
                Ok(grant)
            }
            Ok(None) => Err(self.close(CloseCode::Unauthenticated, "the ticket is unknown, used or too old")),
            Err(error) => {
                tracing::warn!(%error, "a ticket could not be redeemed");
                Err(self.close(CloseCode::Overloaded, "tickets cannot be redeemed now"))
            }
        }
    }

    fn hello(&self, id: u64, scope: Scope) {
        let shared = &self.common.shared;
        let result = Hello {
            connection_id: Arc::clone(&self.id),
            server: concat!("capture/", env!("CARGO_PKG_VERSION")),
            instance: Arc::clone(&self.common.instance),
            max_idle_ms: millis(shared.limits.idle),
            server_time: shared.clock.now(),
            scope,
            limits: shared.limits.told(shared.session_limits.queued_actions),
        };
        self.succeed(id, None, None, &result);
    }

    /// Answers a request, or puts it in flight.
    pub(super) fn begin(&mut self, id: u64, command: Command, caller: Caller, grant: &Grant) {
        let sessions = Arc::clone(&self.common.shared.sessions);
        let (session, work): (_, BoxFuture<'static, Result<Answer, Error>>) = match command {
            Command::Hello { .. } => return self.hello(id, grant.scope),
            Command::Ping => {
                return self.succeed(id, None, None, &Pong { server_time: self.common.shared.clock.now() });
            }
            Command::Unsubscribe(session) => {
                self.subscriptions.unfollow(session);
                self.outbox.forget_countdown(session);
                return self.succeed(id, Some(session), None, &Empty {});
            }
            Command::ViewCredit { id: session, count } => {
                self.subscriptions.credit(session, count);
                return self.succeed(id, Some(session), None, &Empty {});
            }
            Command::ViewStop(session) => {
                self.subscriptions.unview(session);
                self.outbox.forget_picture(session);
                return self.succeed(id, Some(session), None, &Empty {});
            }
            Command::Create { options, keyed } => (None, self.create(caller, grant, options, keyed)),
            Command::List => (None, async move { sessions.list(caller).await.map(Answer::Sessions) }.boxed()),
            Command::Get(session) => (Some(session), self.get(caller, grant, session)),
            Command::Close(session) => {
                let closed = async move { sessions.close(caller, session).await.map(as_it_is) };
                (Some(session), closed.boxed())
            }
            Command::Renew { id: session, seconds } => {
                let renewed = async move { sessions.renew(caller, session, seconds).await.map(as_it_is) };
                (Some(session), renewed.boxed())
            }
            Command::Act { id: session, action, keyed } => {
                let run =
                    async move { sessions.execute(caller, session, *action, Some(keyed)).await.map(Answer::Executed) };
                (Some(session), run.boxed())
            }
            Command::Cancel { id: session, name } => {
                let cancelled = async move { sessions.cancel(caller, session, name).await.map(Answer::Cancelled) };
                (Some(session), cancelled.boxed())
            }
            Command::Subscribe { id: session, wanted, since } => {
                let followed = async move {
                    let follow = sessions.follow(caller, session, since).await?;
                    Ok(Answer::Followed(Box::new(follow), wanted))
                };
                (Some(session), followed.boxed())
            }
            Command::ViewStart { id: session, options } => (
                Some(session),
                async move { sessions.view(caller, session, options).await.map(Answer::Viewed) }.boxed(),
            ),
        };
        self.ids.insert(id);
        self.in_flight.push(work.map(move |result| Done { id, session, result }).boxed());
    }

    /// Creates a session, and adds the address for its CDP clients.
    fn create(
        &self,
        caller: Caller,
        grant: &Grant,
        options: SessionOptions,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'static, Result<Answer, Error>> {
        let sessions = Arc::clone(&self.common.shared.sessions);
        let (urls, grant) = (Arc::clone(&self.connect_urls), grant.clone());
        async move {
            let created = sessions.create(caller, options, keyed).await?;
            let url = connect_url(&*urls, &grant, &created.session).await?;
            Ok(Answer::Created(created, url))
        }
        .boxed()
    }

    /// Reads a session, and adds the address for its CDP clients.
    fn get(&self, caller: Caller, grant: &Grant, id: SessionId) -> BoxFuture<'static, Result<Answer, Error>> {
        let sessions = Arc::clone(&self.common.shared.sessions);
        let (urls, grant) = (Arc::clone(&self.connect_urls), grant.clone());
        async move {
            let view = sessions.get(caller, id).await?;
            let url = connect_url(&*urls, &grant, &view).await?;
            Ok(Answer::Session(view, url))
        }
        .boxed()
    }

    /// Answers a request that has completed.
    pub(super) fn on_done(&mut self, done: Done) {
        let Done { id, session, result } = done;
        self.ids.remove(&id);
        let now = self.common.shared.clock.now();
        match result {
            Err(error) => self.fail(id, session, &error),
            Ok(Answer::Created(created, url)) => {
                let session = created.session.id;
                let replayed = created.replayed;
                let result = SessionResult { replayed, ..SessionResult::of(created.session, url, now) };
                self.succeed(id, Some(session), None, &result);
            }
            Ok(Answer::Session(view, url)) => self.succeed(id, session, None, &SessionResult::of(view, url, now)),
            Ok(Answer::Sessions(views)) => {
                let sessions: Vec<_> = views.into_iter().map(|view| view.accrued(now)).collect();
                let active_session_count = sessions.len();
                self.succeed(id, None, None, &SessionsResult { sessions, active_session_count });
            }
            Ok(Answer::Executed(executed)) => {
                let seq = match &executed {
                    Executed::Reply(reply) => Some(reply.seq),
                    Executed::Dropped(_) => None,
                };
                self.succeed(id, session, seq, &executed.body(now));
            }
            Ok(Answer::Cancelled(cancelled)) => self.succeed(id, session, None, &Cancelled { cancelled }),
            Ok(Answer::Followed(follow, wanted)) => self.on_followed(id, *follow, wanted),
            Ok(Answer::Viewed(view)) => self.on_viewed(id, session, view),
        }
    }

    fn on_followed(&mut self, id: u64, follow: Follow, wanted: EventFilter) {
        let shared = &self.common.shared;
        let (session, now) = (follow.session.id, shared.clock.now());
        if !has_room(&self.subscriptions.followed, session, shared.limits.subscriptions) {
            return self.fail(id, Some(session), &too_many(shared.limits.subscriptions));
        }
        let expires_at = follow.session.expires_at;
        let left = if follow.session.is_active() { expires_at.since(now) } else { std::time::Duration::ZERO };
        let view = follow.session.clone().accrued(now);
        let result = Subscribed {
            recovered: follow.recovered,
            epoch: &follow.epoch,
            seq: follow.seq,
            snapshot: Snapshot { session: &view, url: &follow.url, remaining_ms: millis(left) },
            events: follow.replay.iter().map(|event| EventFrame::logged(session, &follow.epoch, event)).collect(),
        };
        self.succeed(id, Some(session), None, &result);
        let is_over = follow.replay.last().is_some_and(|event| matches!(event.kind, EventKind::SessionClosed(_)));
        if !is_over {
            let deadline = Deadline { at: Instant::now() + left, expires_at };
            self.subscriptions.follow(session, follow, wanted, deadline);
        }
    }

    fn on_viewed(&mut self, id: u64, session: Option<SessionId>, view: View) {
        let Some(of) = session else { return };
        let most = self.common.shared.limits.subscriptions;
        if !has_room(&self.subscriptions.viewed, of, most) {
            return self.fail(id, session, &too_many(most));
        }
        self.subscriptions.view(of, view);
        self.succeed(id, session, None, &Empty {});
    }
}

/// Whether a session may be in this map: it is there already, or the map has room for one more.
fn has_room<T>(sessions: &HashMap<SessionId, T>, id: SessionId, most: usize) -> bool {
    sessions.len() < most || sessions.contains_key(&id)
}

fn too_many(most: usize) -> Error {
    Error::new(ErrorCode::Busy, format!("this connection follows {most} sessions already"))
        .with_reason("too_many_subscriptions")
        .with_hint("unsubscribe from one, or open another connection")
}
