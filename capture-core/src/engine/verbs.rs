//! Implements [`Sessions`] for this process.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};

use super::Engine;
use crate::{
    account::UserId,
    action::Action,
    actor::{ActionRequest, Follow, Handle, View, ViewOptions},
    call::{ActionName, Caller},
    clock::{Timestamp, millis},
    error::{Error, ErrorCode, RunOutcome},
    event::Since,
    render::{RenderRequest, Rendered},
    reply::Executed,
    session::{Keyed, SessionId, SessionOptions, SessionView},
    sessions::{Connected, Created, Sessions},
};

impl Engine {
    /// Whether the session is live in this process.
    pub fn holds(&self, id: SessionId) -> bool {
        self.inner.live.contains_key(&id)
    }

    /// `seq` of the newest event of a session; `None` unless the session is live in this process.
    #[cfg(feature = "redis")]
    pub(crate) fn position(&self, id: SessionId) -> Option<u64> {
        let handle = self.inner.live.get(&id)?;
        let (seq, ended) = handle.log().position();
        (!ended).then_some(seq)
    }

    /// The live session with this id, if it belongs to the user.
    fn live(&self, user: &UserId, id: SessionId) -> Option<Handle> {
        self.inner.live.get(&id).filter(|handle| handle.user == *user).map(|handle| handle.clone())
    }

    /// The view of a session that is not live here, read from the ledger; not found if the ledger does not know it.
    async fn recorded(&self, user: &UserId, id: SessionId) -> Result<SessionView, Error> {
        let retention = millis(self.limits().final_retention);
        let not_before = Timestamp(self.clock().now().0.saturating_sub(retention));
        self.inner.services.ledger.find(user, id, not_before).await?.ok_or_else(Error::not_found)
    }

    /// What is left of the log of a session that ended recently.
    fn rest(&self, user: &UserId, id: SessionId, since: Option<&Since>) -> Option<Follow> {
        self.inner.ended.lock().follow(user, id, since?)
    }

    /// Runs an action as [`Sessions::execute`] does, if its caller still waits when its turn comes.
    pub(crate) async fn execute_if_wanted(
        &self,
        caller: Caller,
        id: SessionId,
        request: ActionRequest,
    ) -> Result<Executed, Error> {
        match self.live(&caller.user, id) {
            Some(handle) => handle.execute(caller, request).await,
            None => Err(self.not_live(&caller.user, id, request.keyed.as_ref()).await),
        }
    }

    /// The error for an action on a session that is not live.
    async fn not_live(&self, user: &UserId, id: SessionId, keyed: Option<&Keyed>) -> Error {
        match self.recorded(user, id).await {
            Ok(view) => {
                let error = Error::inactive(view);
                match keyed {
                    Some(keyed) => {
                        let known = self.inner.ended.lock().outcome(id, keyed);
                        error.with_outcome(known.unwrap_or(RunOutcome::Unknown))
                    }
                    None => error,
                }
            }
            Err(error) => error,
        }
    }
}

impl Sessions for Engine {
    fn create(
        &self,
        caller: Caller,
        options: SessionOptions,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'_, Result<Created, Error>> {
        async move {
            let (mut creating, replayed) = self.inner.begin_create(caller.user.clone(), options, keyed)?;
            let result = creating.wait_for(Option::is_some).await.ok().and_then(|result| result.clone());
            let session = match result {
                Some(Ok(view)) => view,
                Some(Err(error)) => return Err(Error::clone(&error)),
                None => {
                    return Err(Error::new(ErrorCode::Unavailable, "the server stopped while the session was opened"));
                }
            };
            let session = if replayed { self.get(caller, session.id).await? } else { session };
            Ok(Created { session, replayed })
        }
        .boxed()
    }

    fn render(&self, caller: Caller, request: RenderRequest) -> BoxFuture<'_, Result<Rendered, Error>> {
        async move { self.inner.render(caller.user, request).await }.boxed()
    }

    fn get(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            match self.live(&caller.user, id) {
                Some(handle) => Ok(handle.present(self.clock().now()).await.accrued(self.clock().now())),
                None => self.recorded(&caller.user, id).await,
            }
        }
        .boxed()
    }

    fn list(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>> {
        async move {
            let now = self.clock().now();
            let mine = self.inner.live.iter().filter(|handle| handle.user == caller.user);
            let mut views: Vec<_> = mine.map(|handle| handle.view()).filter(SessionView::is_active).collect();
            views.sort_by_key(|view| view.created_at);
            Ok(views.into_iter().map(|view| view.accrued(now)).collect())
        }
        .boxed()
    }

    fn renew(&self, caller: Caller, id: SessionId, ttl_seconds: u64) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            match self.live(&caller.user, id) {
                Some(handle) => handle.renew(Duration::from_secs(ttl_seconds)).await,
                None => Err(self.not_live(&caller.user, id, None).await),
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
        self.execute_if_wanted(caller, id, ActionRequest { action, keyed, cancel_check: None }).boxed()
    }

    fn cancel(&self, caller: Caller, id: SessionId, name: ActionName) -> BoxFuture<'_, Result<bool, Error>> {
        async move {
            match self.live(&caller.user, id) {
                Some(handle) => handle.cancel(name).await,
                None => Err(self.not_live(&caller.user, id, None).await),
            }
        }
        .boxed()
    }

    fn close(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        async move {
            match self.live(&caller.user, id) {
                Some(handle) => handle.close().await,
                None => self.recorded(&caller.user, id).await,
            }
        }
        .boxed()
    }

    fn close_all(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>> {
        async move {
            let mine = self.inner.live.iter().filter(|handle| handle.user == caller.user);
            let handles: Vec<Handle> = mine.map(|handle| handle.clone()).collect();
            let closing = handles.iter().map(Handle::close);
            futures::future::join_all(closing).await.into_iter().collect()
        }
        .boxed()
    }

    fn follow(&self, caller: Caller, id: SessionId, since: Option<Since>) -> BoxFuture<'_, Result<Follow, Error>> {
        async move {
            match self.live(&caller.user, id) {
                Some(handle) => Ok(handle.follow(since.as_ref())),
                None => match self.rest(&caller.user, id, since.as_ref()) {
                    Some(rest) => Ok(rest),
                    None => Err(self.not_live(&caller.user, id, None).await),
                },
            }
        }
        .boxed()
    }

    fn view(&self, caller: Caller, id: SessionId, options: ViewOptions) -> BoxFuture<'_, Result<View, Error>> {
        async move {
            match self.live(&caller.user, id) {
                Some(handle) => Ok(handle.watch(options)),
                None => Err(self.not_live(&caller.user, id, None).await),
            }
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
            match self.live(&caller.user, id) {
                Some(handle) => handle.connect(target.as_deref(), self.clock()).await.map(Connected::Here),
                None => Err(self.not_live(&caller.user, id, None).await),
            }
        }
        .boxed()
    }
}
