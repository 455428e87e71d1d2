//! [`Sessions`] for a cluster: here if the session is here, else at its owner.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use tokio::time::Instant;

use super::{
    Cluster, Shared,
    gateway::Unanswered,
    message::{Acted, Brought, Verb},
    turns::Sending,
};
use crate::{
    action::Action,
    engine::NO_ROOM,
    error::{Error, ErrorCode},
    ledger::redis::{InstanceId, LEASE, Whereabouts},
    session::{Follow, IdempotencyKey, Keyed, SessionId, SessionOptions, SessionView, Shown, Since, View, ViewOptions},
    sessions::{ActionName, ActionReply, Caller, Created, Executed, Sessions},
};

/// How long whoever had a request with an instance that died waits for the session's final form: a lease until it counts as dead,
/// and some beats until another settles it.
const FINAL_WAIT: Duration = Duration::from_secs(LEASE.as_secs() + 6);
/// Between two looks for it.
const FINAL_POLL: Duration = Duration::from_millis(250);

/// Where a verb about a session is carried out.
enum Place {
    Here,
    At(InstanceId),
}

impl Shared {
    /// Where a session is. One that is over, and whose owner is gone, is in the books, which are everywhere.
    async fn place(&self, caller: &Caller, id: SessionId) -> Result<Place, Error> {
        if self.engine.holds(id) {
            return Ok(Place::Here);
        }
        if let Some(owner) = self.owners.get(&id).map(|owner| owner.clone()) {
            return Ok(Place::At(owner));
        }
        match self.books.locate(&caller.user, id).await? {
            Some(Whereabouts { owner, owner_alive: true, .. }) if owner != *self.me() => {
                self.remember(id, owner.clone());
                Ok(Place::At(owner))
            }
            Some(Whereabouts { owner, view, owner_alive: false }) if owner != *self.me() && view.is_active() => {
                Ok(Place::At(owner)) // not judged yet: whoever asks learns what becomes of it
            }
            Some(_) => Ok(Place::Here),
            None => Err(Error::not_found()),
        }
    }

    /// Asks the owner of a session; what it cannot say any more is looked up in the books.
    pub(super) async fn ask(
        &self,
        owner: &InstanceId,
        caller: &Caller,
        id: SessionId,
        verb: Verb,
    ) -> Result<Brought, Error> {
        let sending = self.turns.sending(id).await;
        self.ask_in_turn(owner, caller, id, verb, Some(sending)).await
    }

    async fn ask_in_turn(
        &self,
        owner: &InstanceId,
        caller: &Caller,
        id: SessionId,
        verb: Verb,
        sending: Option<Sending>,
    ) -> Result<Brought, Error> {
        match self.gateway.ask(owner, caller, verb, sending).await {
            Ok(Ok(brought)) => Ok(*brought),
            Ok(Err(error)) => Err(error),
            Err(unanswered) => {
                self.owners.remove(&id);
                Err(self.unanswered(caller, id, unanswered).await)
            }
        }
    }

    /// What became of a session whose owner does not answer.
    async fn unanswered(&self, caller: &Caller, id: SessionId, unanswered: Unanswered) -> Error {
        let outcome = unanswered.outcome();
        let give_up = Instant::now() + if unanswered == Unanswered::Gone { FINAL_WAIT } else { Duration::ZERO };
        loop {
            let found = self.books.locate(&caller.user, id).await;
            match found {
                Ok(Some(Whereabouts { view, .. })) if !view.is_active() => {
                    return Error::inactive(view).with_outcome(outcome);
                }
                Ok(None) => return Error::not_found().with_outcome(outcome),
                Err(error) if Instant::now() >= give_up => return Error::from(error).with_outcome(outcome),
                Ok(Some(_)) if Instant::now() >= give_up => return unreachable(unanswered).with_outcome(outcome),
                Ok(Some(_)) | Err(_) => tokio::time::sleep(FINAL_POLL).await,
            }
        }
    }

    async fn claim(
        &self,
        caller: &Caller,
        key: &IdempotencyKey,
        to: &InstanceId,
        from: Option<&InstanceId>,
    ) -> Result<InstanceId, Error> {
        let keep = self.engine.limits().final_retention;
        Ok(self.books.claim((&caller.user, key), to, from, keep).await?)
    }

    async fn create_at(
        &self,
        holder: &InstanceId,
        caller: &Caller,
        options: SessionOptions,
        keyed: Option<Keyed>,
    ) -> Result<Created, Error> {
        if holder == self.me() {
            return self.engine.create(caller.clone(), options, keyed).await;
        }
        match self.gateway.ask(holder, caller, Verb::Create { options, keyed }, None).await {
            Ok(Ok(brought)) => match *brought {
                Brought::Created { session, replayed } => {
                    self.remember(session.id, holder.clone());
                    Ok(Created { session, replayed })
                }
                _ => Err(unexpected()),
            },
            Ok(Err(error)) => Err(error),
            Err(unanswered) => Err(unreachable(unanswered)
                .with_hint(
                    "send it again: under the same Idempotency-Key no second session is opened while that server lives",
                )
                .with_outcome(unanswered.outcome())),
        }
    }

    /// Opens a session where there is room, when there is none at the first choice.
    async fn create_elsewhere(
        &self,
        mut holder: InstanceId,
        caller: &Caller,
        options: SessionOptions,
        keyed: Option<Keyed>,
        full: Error,
    ) -> Result<Created, Error> {
        for other in self.books.others().await? {
            if other == holder {
                continue;
            }
            if let Some(keyed) = &keyed {
                holder = self.claim(caller, &keyed.key, &other, Some(&holder)).await?;
                if holder != other {
                    break; // the same request found a place meanwhile
                }
            }
            match self.create_at(&other, caller, options, keyed.clone()).await {
                Err(error) if error.reason() == Some(NO_ROOM) => {}
                result => return result,
            }
        }
        Err(full)
    }

    /// The caller's sessions at other instances, as their owners tell them, or else as the books do.
    async fn list_elsewhere(&self, caller: &Caller) -> Result<Vec<SessionView>, Error> {
        let known = self.books.locate_all(&caller.user).await?;
        let mut owners: Vec<_> =
            known.iter().map(|(owner, _)| owner.clone()).filter(|owner| owner != self.me()).collect();
        owners.sort();
        owners.dedup();
        let asked = owners.into_iter().map(|owner| async move {
            let told = match self.gateway.ask(&owner, caller, Verb::List, None).await {
                Ok(Ok(brought)) => match *brought {
                    Brought::Sessions(views) => Some(views),
                    _ => None,
                },
                Ok(Err(_)) | Err(_) => None,
            };
            (owner, told)
        });
        let mut views = Vec::new();
        for (owner, told) in futures::future::join_all(asked).await {
            let kept = || known.iter().filter(|(other, _)| *other == owner).map(|(_, view)| view.clone()).collect();
            views.extend(told.unwrap_or_else(kept));
        }
        Ok(views)
    }
}

fn unreachable(unanswered: Unanswered) -> Error {
    let message = match unanswered {
        Unanswered::Undelivered => "the server that has this session cannot be reached",
        Unanswered::Gone => "the server that has this session left while the request was under way",
        Unanswered::Silent => {
            "the server that has this session did not answer in time; the request does not begin any more"
        }
    };
    Error::new(ErrorCode::Unavailable, message)
        .with_reason("owner_unreachable")
        .with_retry_after(Duration::from_secs(2))
        .with_hint("ask again in a moment: either the server answers, or within 15 s the session is ended and billed")
}

fn unexpected() -> Error {
    Error::internal("another instance answered something else")
}

fn session(brought: Brought) -> Result<SessionView, Error> {
    match brought {
        Brought::Session(view) => Ok(view),
        _ => Err(unexpected()),
    }
}

fn executed(brought: Brought) -> Result<Executed, Error> {
    let Acted { action_id, duration_ms, outcome, seq, replayed, session } = match brought {
        Brought::Acted(acted) => acted,
        Brought::Dropped(view) => return Ok(Executed::Dropped(Box::new(view))),
        _ => return Err(unexpected()),
    };
    let outcome = Arc::new(outcome.read().ok_or_else(unexpected)?);
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
            let shared = &self.shared;
            let holder = match &keyed {
                None => shared.me().clone(),
                Some(keyed) => shared.claim(&caller, &keyed.key, shared.me(), None).await?,
            };
            match shared.create_at(&holder, &caller, options, keyed.clone()).await {
                Err(full) if full.reason() == Some(NO_ROOM) => {
                    shared.create_elsewhere(holder, &caller, options, keyed, full).await
                }
                result => result,
            }
        }
        .boxed()
    }

    fn get(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            let shared = &self.shared;
            let Place::At(owner) = shared.place(&caller, id).await? else { return shared.engine.get(caller, id).await };
            match shared.gateway.ask(&owner, &caller, Verb::Get(id), None).await {
                Ok(answer) => session(*answer?),
                // As of its owner's last proof of life.
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
                Place::At(owner) => session(self.shared.ask(&owner, &caller, id, Verb::Renew(id, ttl_seconds)).await?),
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
            let (sending, mut answering) = self.shared.turns.next(id).await;
            let owner = match self.shared.place(&caller, id).await? {
                Place::Here => return self.shared.engine.execute(caller, id, action, keyed).await,
                Place::At(owner) => owner,
            };
            let verb = Verb::Execute { id, action: action.source.request().clone(), keyed };
            let answer = self.shared.ask_in_turn(&owner, &caller, id, verb, Some(sending)).await;
            let result = answer.and_then(executed);
            let ran = match &result {
                Ok(_) => true,
                Err(error) => error.seq().is_some(),
            };
            if ran {
                answering.turn().await;
            } else {
                // It is answered at once, and whoever comes after it still waits for those before it.
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
                Place::At(owner) => match self.shared.ask(&owner, &caller, id, Verb::Cancel(id, name)).await? {
                    Brought::Cancelled(done) => Ok(done),
                    _ => Err(unexpected()),
                },
            }
        }
        .boxed()
    }

    fn close(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            let Place::At(owner) = self.shared.place(&caller, id).await? else {
                return self.shared.engine.close(caller, id).await;
            };
            match self.shared.ask(&owner, &caller, id, Verb::Close(id)).await {
                Ok(brought) => session(brought),
                // It ended by itself, or with its owner: closing an ended session says how.
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
                Place::At(owner) => self.shared.follow_at(owner, caller, id, since).await,
            }
        }
        .boxed()
    }

    fn view(&self, caller: Caller, id: SessionId, options: ViewOptions) -> BoxFuture<'_, Result<View, Error>> {
        async move {
            let Place::At(owner) = self.shared.place(&caller, id).await? else {
                return self.shared.engine.view(caller, id, options).await;
            };
            let far = FarView {
                shared: Arc::clone(&self.shared),
                owner,
                caller,
                id,
                options,
                view: self.shared.gateway.number(),
            };
            let pictures = futures::stream::unfold(far, |far| async { Some((far.next().await?, far)) });
            Ok(View::of(pictures.boxed()))
        }
        .boxed()
    }

    fn connect(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<(), Error>> {
        self.shared.engine.connect(caller, id)
    }
}

/// A viewer of a page of another instance.
struct FarView {
    shared: Arc<Shared>,
    owner: InstanceId,
    caller: Caller,
    id: SessionId,
    options: ViewOptions,
    view: u64,
}

impl FarView {
    /// The next picture; `None` when there will be no more.
    async fn next(&self) -> Option<Arc<Shown>> {
        loop {
            let verb = Verb::Look { id: self.id, options: self.options, view: self.view };
            match self.shared.ask(&self.owner, &self.caller, self.id, verb).await {
                Ok(Brought::Picture(Some(shown))) => return Some(Arc::new(shown)),
                Ok(Brought::Picture(None)) => {}
                Ok(_) => return None,
                Err(error) => {
                    tracing::debug!(%error, session.id = %self.id, "a view of another instance ended");
                    return None;
                }
            }
        }
    }
}
