//! Implements [`Sessions`] for a cluster: a session of this process is handled here, any other at its owner.

use std::sync::Arc;

use futures::{FutureExt, StreamExt, future::BoxFuture};
use tokio::sync::oneshot;

use super::{
    Cluster,
    message::{ActionResponse, Verb, VerbResponse},
    remote_view::RemoteView,
    routing::{CreateRequest, Place, leaves_nothing, unexpected},
};
use crate::{
    action::{Action, EncodedOutcome},
    actor::{Follow, View, ViewOptions},
    call::{ActionName, Caller},
    engine::NO_ROOM,
    error::{Error, ErrorCode},
    event::Since,
    render::{RenderRequest, Rendered},
    reply::{ActionReply, Executed},
    session::{Keyed, SessionId, SessionOptions, SessionView},
    sessions::{Connected, Created, Sessions},
};

fn session(response: VerbResponse) -> Result<SessionView, Error> {
    match response {
        VerbResponse::Session(view) => Ok(view),
        _ => Err(unexpected()),
    }
}

fn executed(response: VerbResponse) -> Result<Executed, Error> {
    let ActionResponse { action_id, duration_ms, outcome, seq, replayed, session } = match response {
        VerbResponse::ActionResponse(acted) => *acted,
        VerbResponse::Dropped(view) => return Ok(Executed::Dropped(Box::new(view))),
        _ => return Err(unexpected()),
    };
    let outcome = Arc::new(EncodedOutcome::later(outcome.read().ok_or_else(unexpected)?));
    Ok(Executed::Reply(ActionReply { action_id, duration_ms, outcome, seq, replayed, session: Arc::new(session) }))
}

impl Sessions for Cluster {
    fn create(
        &self,
        caller: Caller,
        options: SessionOptions,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'_, Result<Created, Error>> {
        async move {
            let shared = Arc::clone(&self.shared);
            let wanted = CreateRequest::new(&caller.user, options, keyed);
            let Some(claim) = wanted.claim.clone() else { return shared.create_somewhere(&caller, wanted).await };
            // This is a task of its own, so that the claim of a refused create is removed even if the client leaves.
            let (done, created) = oneshot::channel();
            self.shared.tasks.spawn(async move {
                let result = shared.create_somewhere(&caller, wanted).await;
                if result.as_ref().is_err_and(leaves_nothing)
                    && let Err(error) = shared.ledger.unclaim(&claim).await
                {
                    tracing::debug!(%error, "the claim of a refused create stays until it is too old");
                }
                let _ = done.send(result); // fails when the client has left
            });
            created.await.unwrap_or_else(|_stopped| {
                Err(Error::new(ErrorCode::Unavailable, "the server stopped while the session was opened"))
            })
        }
        .boxed()
    }

    fn render(&self, caller: Caller, request: RenderRequest) -> BoxFuture<'_, Result<Rendered, Error>> {
        async move {
            match self.shared.engine.render(caller.clone(), request.clone()).await {
                Err(full) if full.reason() == Some(NO_ROOM) => {
                    self.shared.render_elsewhere(&caller, request, full).await
                }
                result => result,
            }
        }
        .boxed()
    }

    fn get(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            let shared = &self.shared;
            let Place::There(remote) = shared.place(&caller, id).await? else {
                return shared.engine.get(caller, id).await;
            };
            match shared.gateway.ask(&remote.owner, &caller, Verb::Get(id), None).await {
                Ok(answer) => session(*answer?),
                // The view as of the owner's last heartbeat.
                Err(_unanswered) => {
                    shared.owners.remove(&id);
                    shared.engine.get(caller, id).await
                }
            }
        }
        .boxed()
    }

    fn list(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>> {
        async move {
            let (here, elsewhere) =
                tokio::join!(self.shared.engine.list(caller.clone()), self.shared.list_elsewhere(&caller));
            let mut views = here?;
            views.extend(elsewhere?);
            views.sort_by_key(|view| (view.created_at, view.id));
            Ok(views)
        }
        .boxed()
    }

    fn renew(&self, caller: Caller, id: SessionId, ttl_seconds: u64) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            match self.shared.place(&caller, id).await? {
                Place::Here => self.shared.engine.renew(caller, id, ttl_seconds).await,
                Place::There(remote) => session(self.shared.ask(&remote, Verb::Renew(id, ttl_seconds)).await?),
            }
        }
        .boxed()
    }

    fn execute(
        &self,
        caller: Caller,
        id: SessionId,
        action: Action,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'_, Result<Executed, Error>> {
        async move {
            if self.shared.engine.holds(id) {
                return self.shared.engine.execute(caller, id, action, keyed).await;
            }
            let (sending, mut answering) = self.shared.order.next(id).await;
            let remote = match self.shared.place(&caller, id).await? {
                Place::Here => return self.shared.engine.execute(caller, id, action, keyed).await,
                Place::There(remote) => remote,
            };
            let verb = Verb::Execute { id, action: action.source.request().clone(), keyed };
            let answer = self.shared.ask_in_turn(&remote, verb, sending).await;
            let result = answer.and_then(executed);
            let ran = match &result {
                Ok(_) => true,
                Err(error) => error.seq().is_some(),
            };
            if ran {
                answering.turn().await;
            } else {
                // This request is answered at once, and the ones after it still wait for those before it.
                self.shared.tasks.spawn(async move { answering.turn().await });
            }
            result
        }
        .boxed()
    }

    fn cancel(&self, caller: Caller, id: SessionId, name: ActionName) -> BoxFuture<'_, Result<bool, Error>> {
        async move {
            match self.shared.place(&caller, id).await? {
                Place::Here => self.shared.engine.cancel(caller, id, name).await,
                Place::There(remote) => match self.shared.ask(&remote, Verb::Cancel(id, name)).await? {
                    VerbResponse::Cancelled(done) => Ok(done),
                    _ => Err(unexpected()),
                },
            }
        }
        .boxed()
    }

    fn close(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            let Place::There(remote) = self.shared.place(&caller, id).await? else {
                return self.shared.engine.close(caller, id).await;
            };
            match self.shared.ask(&remote, Verb::Close(id)).await {
                Ok(response) => session(response),
                // The session has ended by itself or with its owner. Closing it returns its final view.
                Err(error) => match error.session() {
                    Some(view) if !view.is_active() => Ok(view.clone()),
                    _ => Err(error),
                },
            }
        }
        .boxed()
    }

    fn close_all(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>> {
        async move {
            let views = self.list(caller.clone()).await?;
            let closing = views.into_iter().map(|view| self.close(caller.clone(), view.id));
            futures::future::join_all(closing).await.into_iter().collect()
        }
        .boxed()
    }

    fn follow(&self, caller: Caller, id: SessionId, since: Option<Since>) -> BoxFuture<'_, Result<Follow, Error>> {
        async move {
            match self.shared.place(&caller, id).await? {
                Place::Here => self.shared.engine.follow(caller, id, since).await,
                Place::There(remote) => self.shared.follow_at(remote, since).await,
            }
        }
        .boxed()
    }

    fn view(&self, caller: Caller, id: SessionId, options: ViewOptions) -> BoxFuture<'_, Result<View, Error>> {
        async move {
            let Place::There(remote) = self.shared.place(&caller, id).await? else {
                return self.shared.engine.view(caller, id, options).await;
            };
            let remote = RemoteView::new(Arc::clone(&self.shared), remote, options);
            let pictures = futures::stream::unfold(remote, |remote| async { Some((remote.next().await?, remote)) });
            Ok(View::of(pictures.boxed()))
        }
        .boxed()
    }

    fn connect(
        &self,
        caller: Caller,
        id: SessionId,
        target: Option<String>,
    ) -> BoxFuture<'_, Result<Connected, Error>> {
        async move {
            let Place::There(remote) = self.shared.place(&caller, id).await? else {
                return self.shared.engine.connect(caller, id, target).await;
            };
            let view = self.get(caller, id).await?;
            if !view.is_active() {
                return Err(Error::inactive(view));
            }
            let address = self.shared.ledger.address_of(&remote.owner).await?;
            address.map(Connected::At).ok_or_else(|| {
                Error::new(ErrorCode::Unavailable, "the instance that has this session does not say how to reach it")
                    .with_hint("have the operator set its advertise-url")
                    .with_session(view)
            })
        }
        .boxed()
    }
}
