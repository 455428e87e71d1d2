//! The session that a request is about, and its caller. Answering a request takes one call of the engine; a second one
//! is made only to refuse the request.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use capture_core::{Caller, Error, ErrorCode, account::Grant, session::SessionId};
use futures::FutureExt;

use crate::{app::App, auth::Credentialed, error::Refusal, server::Place};

/// A caller and the session that a request is about. Only the engine knows whether it exists and belongs to the caller.
pub(crate) struct Target {
    app: Arc<App>,
    pub(crate) caller: Caller,
    pub(crate) id: SessionId,
    pub(crate) grant: Grant,
}

impl FromRequestParts<Arc<App>> for Target {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let credentialed = Credentialed::from_request_parts(parts, app).await?;
        let caller = credentialed.caller();
        let id = session_id(parts, app).await?;
        if let Some(place) = parts.extensions.get::<Arc<Place>>() {
            let (app, caller) = (Arc::clone(app), caller.clone());
            place.reads(Arc::new(move || has_ended(Arc::clone(&app), caller.clone(), id).boxed()));
        }
        Ok(Self { app: Arc::clone(app), caller, id, grant: credentialed.0 })
    }
}

/// The session id in the path. A malformed id is answered as that of an unknown session.
async fn session_id(parts: &mut Parts, app: &Arc<App>) -> Result<SessionId, Error> {
    let text = Path::<String>::from_request_parts(parts, app).await;
    text.ok().and_then(|Path(text)| text.parse().ok()).ok_or_else(Error::not_found)
}

impl Target {
    /// Turns an error of this request into its refusal. If the session is unknown, or has ended and the request was
    /// invalid, the refusal says so; any other refusal carries the session as it is now.
    pub(crate) async fn refuse(self, error: Error) -> Refusal {
        if error.session().is_some() || error.code() == ErrorCode::SessionNotFound {
            return error.into();
        }
        match self.app.sessions().get(self.caller, self.id).await {
            Ok(view) if error.code() == ErrorCode::InvalidRequest && !view.is_active() => Error::inactive(view).into(),
            Ok(view) => error.with_session(view).into(),
            Err(missing) if missing.code() == ErrorCode::SessionNotFound => missing.into(),
            Err(_cannot_be_read) => error.into(),
        }
    }
}

/// Whether the session has ended. A client that has not taken a reply about it by then no longer needs the reply.
async fn has_ended(app: Arc<App>, caller: Caller, id: SessionId) -> bool {
    match app.sessions().get(caller, id).await {
        Ok(view) => !view.is_active(),
        Err(error) => error.code() == ErrorCode::SessionNotFound,
    }
}
