//! The shape of a successful reply: `{"success":true,…}`, with the remaining time taken when the reply is written.

use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use capture_core::{
    ActionReply, Created, Error, Executed,
    action::Picture,
    clock::Timestamp,
    session::{SessionId, SessionOptions, SessionView, Status},
};
use serde::Serialize;

use crate::{app::App, error::Refusal};

/// A body with status 200.
pub(crate) fn ok(body: &impl Serialize) -> Result<Response, Refusal> {
    json(StatusCode::OK, body)
}

/// A body with status 202: what was asked for is done later.
pub(crate) fn accepted(body: &impl Serialize) -> Result<Response, Refusal> {
    json(StatusCode::ACCEPTED, body)
}

fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, Refusal> {
    written(status, serde_json::to_vec(body))
}

fn written(status: StatusCode, body: Result<Vec<u8>, serde_json::Error>) -> Result<Response, Refusal> {
    let bytes = body.map_err(Error::internal)?;
    let json = HeaderValue::from_static("application/json");
    Ok((status, [(header::CONTENT_TYPE, json)], Bytes::from(bytes)).into_response())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateReply {
    success: bool,
    session: CreatedSession,
    expires_in_seconds: u64,
    #[serde(skip_serializing_if = "is_false")]
    replayed: bool,
}

/// The short form of a session, which only a create answers with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedSession {
    id: SessionId,
    status: Status,
    expires_at: Timestamp,
    #[serde(flatten)]
    options: SessionOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_url: Option<String>,
}

/// The reply to a create.
pub(crate) fn created(app: &App, created: &Created, connect_url: Option<String>) -> Result<Response, Refusal> {
    let SessionView { id, status, expires_at, options, .. } = created.session;
    let reply = CreateReply {
        success: true,
        session: CreatedSession { id, status, expires_at, options, connect_url },
        expires_in_seconds: created.session.expires_in_seconds(app.now()),
        replayed: created.replayed,
    };
    json(StatusCode::CREATED, &reply)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionReply {
    success: bool,
    session: Connectable,
    expires_in_seconds: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connectable {
    #[serde(flatten)]
    view: SessionView,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_url: Option<String>,
}

/// The reply about one session, with the address for its CDP clients if it has one.
pub(crate) fn session(app: &App, view: SessionView, connect_url: Option<String>) -> Result<Response, Refusal> {
    let now = app.now();
    let expires_in_seconds = view.expires_in_seconds(now);
    ok(&SessionReply {
        success: true,
        session: Connectable { view: view.accrued(now), connect_url },
        expires_in_seconds,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionsReply {
    success: bool,
    sessions: Vec<SessionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_session_count: Option<usize>,
}

/// The reply with the active sessions of a user.
pub(crate) fn active_sessions(app: &App, views: Vec<SessionView>) -> Result<Response, Refusal> {
    let now = app.now();
    let sessions: Vec<_> = views.into_iter().map(|view| view.accrued(now)).collect();
    ok(&SessionsReply { success: true, active_session_count: Some(sessions.len()), sessions })
}

/// The reply with sessions that were closed.
pub(crate) fn final_sessions(sessions: Vec<SessionView>) -> Result<Response, Refusal> {
    ok(&SessionsReply { success: true, sessions, active_session_count: None })
}

/// The reply to an action.
pub(crate) fn acted(app: &App, executed: &Executed) -> Result<Response, Refusal> {
    written(StatusCode::OK, executed.body(app.now()).to_json())
}

/// The reply to a screenshot whose client requested the picture itself.
pub(crate) fn picture(app: &App, reply: &ActionReply, picture: &Picture) -> Result<Response, Refusal> {
    let expires_in_seconds = reply.session.expires_in_seconds(app.now());
    let action_id = HeaderValue::from_str(&reply.action_id).map_err(Error::internal)?;
    let headers = [
        (header::CONTENT_TYPE.as_str(), HeaderValue::from_static(picture.format.content_type())),
        ("capture-expires-in-seconds", expires_in_seconds.into()),
        ("capture-action-id", action_id),
    ];
    Ok((headers, picture.body.clone()).into_response())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}
