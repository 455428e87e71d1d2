//! The handlers of sessions: create, list, read, renew, close.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use capture_core::{
    Error, ErrorCode,
    session::{SessionOptions, parse_ttl},
};
use serde_json::{Map, Value};

use crate::{
    app::App,
    auth::{Authenticated, Credentialed},
    cdp::Addresses,
    error::Refusal,
    extract::{Posted, Target},
    reply,
};

/// `POST /v1/sessions`
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    credentialed: Credentialed,
    request: Request,
) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    let posted = Posted::read(request).await?;
    let options = SessionOptions::parse(posted.fields()?, app.limits()).map_err(Error::from)?;
    let created = app.sessions().create(credentialed.caller(), options, posted.keyed).await.map_err(as_of_a_create)?;
    let url = Addresses::new(&app, &headers).of(&credentialed.0, &created.session).await?;
    reply::created(&app, &created, url)
}

/// Restricts errors to those in the contract of a create: a browser that opens too late counts as unavailable, and so
/// does a session that a repeated create finds ended and forgotten.
fn as_of_a_create(error: Error) -> Error {
    match error.code() {
        ErrorCode::ActionTimeout | ErrorCode::SessionNotFound | ErrorCode::SessionInactive | ErrorCode::SessionLost => {
            Error::new(ErrorCode::Unavailable, error.message().to_owned()).with_source(error)
        }
        _ => error,
    }
}

/// `GET /v1/sessions`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let views = app.sessions().list(caller).await?;
    reply::active_sessions(&app, views)
}

/// `DELETE /v1/sessions`
pub(crate) async fn close_all(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let views = app.sessions().close_all(caller).await?;
    reply::final_sessions(views)
}

/// `GET /v1/sessions/{id}`
pub(crate) async fn get(State(app): State<Arc<App>>, target: Target, headers: HeaderMap) -> Result<Response, Refusal> {
    let view = app.sessions().get(target.caller, target.id).await?;
    let url = Addresses::new(&app, &headers).of(&target.grant, &view).await?;
    reply::session(&app, view, url)
}

/// `DELETE /v1/sessions/{id}`
pub(crate) async fn close(State(app): State<Arc<App>>, target: Target) -> Result<Response, Refusal> {
    match app.sessions().close(target.caller.clone(), target.id).await {
        Ok(view) => reply::session(&app, view, None),
        Err(error) => Err(target.refuse(error).await),
    }
}

/// `POST /v1/sessions/{id}/renew`
pub(crate) async fn renew(State(app): State<Arc<App>>, target: Target, request: Request) -> Result<Response, Refusal> {
    let renewed = async {
        let seconds = renewal(Posted::read(request).await?.fields()?)?;
        app.sessions().renew(target.caller.clone(), target.id, seconds).await
    };
    match renewed.await {
        Ok(view) => reply::session(&app, view, None),
        Err(error) => Err(target.refuse(error).await),
    }
}

/// The only field of a renewal.
fn renewal(fields: &Map<String, Value>) -> Result<u64, Error> {
    if let Some(other) = fields.keys().find(|field| *field != "maxTtlSeconds") {
        return Err(Error::invalid(format!("unknown field {other:?}; accepted is maxTtlSeconds")));
    }
    fields
        .get("maxTtlSeconds")
        .ok_or_else(|| Error::invalid("maxTtlSeconds is required"))
        .and_then(|ttl| Ok(parse_ttl(ttl)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::status_of;

    #[test]
    fn a_create_answers_only_statuses_of_its_contract() {
        for code in ErrorCode::ALL {
            let status = status_of(as_of_a_create(Error::new(code, "")).code()).as_u16();
            assert!([400, 401, 403, 429, 500, 503].contains(&status), "{code}: {status}");
        }
    }
}
