//! The session a request is about, judged before its body: who asks, then whether it exists.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use capture_core::{
    Caller, Error, ErrorCode,
    account::Grant,
    session::{SessionId, SessionView},
};

use futures::FutureExt;

use super::body::has_key;
use crate::{app::App, auth::Credentialed, error::Refusal, server::Place};

/// The session id in the path. A malformed one is an id nobody has.
#[derive(Debug)]
pub(crate) struct PathId(pub(crate) SessionId);

impl FromRequestParts<Arc<App>> for PathId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let text = Path::<String>::from_request_parts(parts, app).await;
        let id = text.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Error::not_found().into())
    }
}

/// A caller and a session of his.
pub(crate) struct Target {
    app: Arc<App>,
    pub(crate) caller: Caller,
    pub(crate) id: SessionId,
    grant: Grant,
    /// As it was when the request came.
    view: SessionView,
    keyed: bool,
}

impl FromRequestParts<Arc<App>> for Target {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let credentialed = Credentialed::from_request_parts(parts, app).await?;
        let caller = credentialed.caller();
        let PathId(id) = PathId::from_request_parts(parts, app).await?;
        let view = app.sessions().get(caller.clone(), id).await?;
        if let Some(place) = parts.extensions.get::<Arc<Place>>() {
            let (app, caller) = (Arc::clone(app), caller.clone());
            place.reads(Arc::new(move || has_ended(Arc::clone(&app), caller.clone(), id).boxed()));
        }
        Ok(Self { app: Arc::clone(app), caller, id, grant: credentialed.0, view, keyed: has_key(&parts.headers) })
    }
}

impl Target {
    /// Refuses an ended session, before its body is looked at. A keyed request passes: its key may be known, and only the
    /// engine knows which are.
    pub(crate) fn must_be_active(&self) -> Result<(), Refusal> {
        if self.view.is_active() || self.keyed { Ok(()) } else { Err(Error::inactive(self.view.clone()).into()) }
    }

    /// Who asked with which credential, and the session as it was when the request came.
    pub(crate) fn into_parts(self) -> (Grant, SessionView) {
        (self.grant, self.view)
    }

    /// What an error of this request becomes.
    pub(crate) async fn refuse(self, error: Error) -> Refusal {
        let ended_before = !self.view.is_active();
        if ended_before && error.code() == ErrorCode::InvalidRequest {
            // The body was only read for the sake of its key.
            return Error::inactive(self.view).into();
        }
        about(&self.app, self.caller, self.id, error).await
    }
}

/// Whether the session has ended: a client that did not take a reply about it by then does not need it any more.
async fn has_ended(app: Arc<App>, caller: Caller, id: SessionId) -> bool {
    match app.sessions().get(caller, id).await {
        Ok(view) => !view.is_active(),
        Err(error) => error.code() == ErrorCode::SessionNotFound,
    }
}

/// An error about a session carries it, as it is now.
pub(crate) async fn about(app: &App, caller: Caller, id: SessionId, error: Error) -> Refusal {
    if error.session().is_some() || error.code() == ErrorCode::SessionNotFound {
        return error.into();
    }
    match app.sessions().get(caller, id).await {
        Ok(view) => error.with_session(view).into(),
        Err(_cannot_be_read) => error.into(),
    }
}
