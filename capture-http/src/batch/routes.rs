//! The handlers of batches.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use capture_core::{Error, ErrorCode, account::UserId};
use serde_json::json;

use super::{
    parse,
    record::{Batch, BatchId, BatchKind, Notification},
    runner, view,
};
use crate::{
    app::App,
    auth::Authenticated,
    client_address::Source,
    error::Refusal,
    extract::{parse_signed, read_signed},
    render::{self, Params},
    reply,
    server::Place,
    signed::authenticate_body,
    storage::{File, FilePath, Found},
};

/// `POST /batch-image/{key}`
pub(crate) async fn image(
    State(app): State<Arc<App>>,
    key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    accept(&app, BatchKind::Image, key, request).await
}

/// `POST /batch-pdf/{key}`
pub(crate) async fn pdf(
    State(app): State<Arc<App>>,
    key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    accept(&app, BatchKind::Pdf, key, request).await
}

/// Accepts a batch: the signature is judged first, then every job.
async fn accept(
    app: &Arc<App>,
    kind: BatchKind,
    key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = read_signed(body).await?;
    // A key that cannot be decoded is one that no user has.
    let key = key.map(|Path(key)| key).unwrap_or_default();
    let source = parts.extensions.get::<Source>();
    let user = authenticate_body(app, source, &key, &parts.headers, &bytes).await?;
    if let Some(place) = parts.extensions.get::<Arc<Place>>() {
        place.belongs_to(&user);
    }
    let (jobs, uri) = parse::asked(&parse_signed(&parts.headers, &bytes)?)?;
    for (index, job) in jobs.iter().enumerate() {
        let params = Params::of_options(&job.url, &job.options);
        let prepared = render::prepare(app, &user, kind.into(), params, false);
        prepared.map_err(|error| parse::at(index, &error))?;
    }
    match &app.settings().guard {
        Some(guard) => parse::judge(uri.as_ref(), guard)?,
        None if uri.is_some() => {
            return Err(Error::new(ErrorCode::Unavailable, "this server sends no notifications").into());
        }
        None => {}
    }
    let (id, now, count) = (BatchId::new(), app.now(), jobs.len());
    let notification = uri.map(Notification::new);
    let batch = Batch { id, user, kind, created_at: now, completed_at: None, jobs, notification };
    for left in app.batches().left().await? {
        runner::start(app, left);
    }
    app.batches().accept(batch, now).await?;
    runner::start(app, id);
    reply::accepted(&json!({"success": true, "batchId": id, "count": count}))
}

/// `GET /v1/batches/{id}`
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let batch = known(&app, &caller.user, &id)?;
    let state = view::state(app.settings().public_url.as_ref(), &batch);
    reply::ok(&json!({"success": true, "batch": state}))
}

/// `GET /v1/batches/{id}/files/{index}`
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    place: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Refusal> {
    let (id, index) = place.map(|Path(place)| place).unwrap_or_default();
    let batch = known(&app, &caller.user, &id)?;
    let path = stored(&batch, &index)?;
    let files = app.stores().files.as_ref().ok_or_else(|| not_found("this server keeps no files"))?;
    let media_type = path.media_type();
    let private = [(header::CACHE_CONTROL, "private, no-store")];
    match files.find(&File { path, acl: None }).await.map_err(render::not_read)? {
        Found::Bytes(bytes) => Ok((render::safety_headers(media_type), private, bytes).into_response()),
        Found::At(address) => Ok((StatusCode::FOUND, private, [(header::LOCATION, address.as_str())]).into_response()),
        Found::Gone => Err(not_found("the file has given way to newer ones").into()),
    }
}

/// Where the result of a job is.
fn stored(batch: &Batch, index: &str) -> Result<FilePath, Error> {
    let job = index.parse::<usize>().ok().and_then(|index| batch.jobs.get(index));
    let result = job.ok_or_else(|| not_found("the batch has no such job"))?.result.as_ref();
    let result = result.ok_or_else(|| not_found("this job is not done yet"))?;
    let path = result.file.as_deref().and_then(|relative| FilePath::known(&batch.user, relative));
    path.ok_or_else(|| not_found("this job failed: the batch tells why"))
}

/// A batch of this user. That of another user is answered like one that never was.
fn known(app: &App, user: &UserId, id: &str) -> Result<Batch, Error> {
    let batch = id.parse().ok().and_then(|id| app.batches().of_user(user, id, app.now()));
    batch.ok_or_else(|| not_found("no such batch"))
}

fn not_found(message: &'static str) -> Error {
    Error::new(ErrorCode::SessionNotFound, message).with_reason("batch_not_found")
}
