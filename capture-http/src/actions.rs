//! Actions: one request, one action, one reply.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use capture_core::{
    ActionReply, Error, Executed,
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
    target.must_be_active()?;
    match run(&app, &target, request).await {
        Ok(Executed::Reply(reply)) => answer(&app, &headers, &reply),
        Ok(Executed::Dropped(view)) => reply::dropped(&app, &view),
        Err(error) => Err(target.refuse(error).await),
    }
}

async fn run(app: &App, target: &Target, request: Request) -> Result<Executed, Error> {
    let posted = Posted::read(request).await?;
    let action = action::parse(posted.required("{\"type\":…,\"payload\":{…}}")?)?;
    app.sessions().execute(target.caller.clone(), target.id, action, posted.keyed).await
}

/// JSON, unless it is a screenshot and the client named the picture's own type.
fn answer(app: &App, headers: &HeaderMap, reply: &ActionReply) -> Result<Response, Refusal> {
    match &reply.outcome.result {
        ActionResult::Screenshot(picture) if names_type(headers, picture.format.content_type()) => {
            reply::picture(app, reply, picture)
        }
        _ => reply::acted(app, reply),
    }
}
