//! The handler of actions: one request, one action, one reply.
//!
//! Knows nothing of what an action does.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use capture_core::{
    Error, Executed,
    action::{self, ActionResult},
};

use crate::{
    app::App,
    error::Refusal,
    extract::{Posted, Target, names_type},
    reply,
};

/// `POST /v1/sessions/{id}/actions`
pub(crate) async fn execute(
    State(app): State<Arc<App>>,
    target: Target,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    match run(&app, &target, request).await {
        Ok(executed) => answer(&app, &headers, &executed),
        Err(error) => Err(target.refuse(error).await),
    }
}

async fn run(app: &App, target: &Target, request: Request) -> Result<Executed, Error> {
    let posted = Posted::read(request).await?;
    let action = action::parse(posted.required("{\"type\":…,\"payload\":{…}}")?)?;
    app.sessions().execute(target.caller.clone(), target.id, action, posted.keyed).await
}

/// Answers with JSON, unless the action is a screenshot and `Accept` names the picture's media type.
fn answer(app: &App, headers: &HeaderMap, executed: &Executed) -> Result<Response, Refusal> {
    if let Executed::Reply(reply) = executed
        && let ActionResult::Screenshot(picture) = &reply.outcome.result
        && names_type(headers, picture.format.content_type())
    {
        return reply::picture(app, reply, picture);
    }
    reply::acted(app, executed)
}
