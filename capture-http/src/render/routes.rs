//! The handlers of renders.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequestParts, Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, request::Parts},
    response::Response,
    routing::get,
};
use capture_core::{
    Caller,
    account::UserId,
    render::{RenderOutput, RenderRequest},
};

use super::{
    answer::{self, answer},
    params::Params,
    parse::Kind,
    prepare::{Prepared, prepare},
    reply::{self, ReplyContext},
    store::address,
};
use crate::{
    app::App,
    auth::Authenticated,
    error::{Refusal, unknown_path},
    extract::{Posted, names_type},
    signed::SignedQuery,
};

/// `POST /v1/render/{kind}`
pub(crate) async fn render(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    kind: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let kind = kind.ok().and_then(|Path(kind)| kind.parse::<Kind>().ok());
    let Some(kind) = kind else { return Err(unknown_path().await) };
    let headers = request.headers().clone();
    let posted = Posted::read(request).await?;
    posted.required(r#"{"url": "https://example.com"}"#)?;
    let params = Params::of_json(posted.fields()?)?;
    let prepared = prepare(&app, &caller.user, kind, params, accepts_webp(&headers))?;
    respond(&app, caller, prepared, &headers).await
}

/// The routes that are signed instead of carrying a secret.
pub(crate) fn signed_routes() -> Router<Arc<App>> {
    let routes = || get(signed).head(signed_head);
    ["image", "pdf", "content", "metadata", "animated"]
        .into_iter()
        .fold(Router::new(), |router, kind| router.route(&format!("/{{key}}/{{hash}}/{kind}"), routes()))
}

/// `GET /{key}/{hash}/{kind}`
async fn signed(State(app): State<Arc<App>>, render: SignedRender, headers: HeaderMap) -> Result<Response, Refusal> {
    let prepared = prepare(&app, &render.user, render.kind, render.params, accepts_webp(&headers))?;
    if prepared.work.cache_use.always_renders() || app.renders().ttl().is_zero() {
        app.renders().admit_signed(&render.user)?;
    }
    respond(&app, Caller::user(render.user), prepared, &headers).await
}

/// `HEAD /{key}/{hash}/{kind}`: checks signature and parameters, and renders nothing.
async fn signed_head(
    State(app): State<Arc<App>>,
    render: SignedRender,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let prepared = prepare(&app, &render.user, render.kind, render.params, accepts_webp(&headers))?;
    Ok(reply::head(media_type(&prepared.work.request)))
}

/// The render that a signed URL asks for. The kind is the end of the path, the other parts are those of the signature.
#[derive(Debug)]
struct SignedRender {
    user: UserId,
    kind: Kind,
    params: Params,
}

impl FromRequestParts<Arc<App>> for SignedRender {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let SignedQuery { user, parameters } = SignedQuery::from_request_parts(parts, app).await?;
        let last = parts.uri.path().rsplit('/').next().and_then(|kind| kind.parse().ok());
        let Some(kind) = last else { return Err(unknown_path().await) };
        Ok(Self { user, kind, params: Params::of_query(parameters.iter()) })
    }
}

fn accepts_webp(headers: &HeaderMap) -> bool {
    names_type(headers, "image/webp")
}

/// Answers a request that is valid.
async fn respond(app: &Arc<App>, caller: Caller, prepared: Prepared, headers: &HeaderMap) -> Result<Response, Refusal> {
    let Prepared { work, mut warnings, varies } = prepared;
    let (user, key, cache_use, storing) = (caller.user.clone(), work.key.clone(), work.cache_use, work.storing.clone());
    let answer = answer(app, caller, work).await?;
    let file = if storing.skip {
        None
    } else {
        match answer::file(app, &user, &key, &storing, &answer).await {
            Err(error) if !storing.redirect => {
                warnings.push(error.message().to_owned());
                None
            }
            file => file?,
        }
    };
    let (now, ttl) = (app.now(), app.renders().ttl());
    let told = file.as_ref().map(|file| file.path.relative().to_owned());
    let context = ReplyContext { key, warnings, is_private: !cache_use.keep, varies, now, ttl, file: told };
    match file.filter(|_| storing.redirect) {
        Some(file) => match address(app.stores(), &file).await? {
            Some(address) => reply::redirect(&answer, &context, &address),
            None => reply::rendered(&answer, &context, headers),
        },
        None => reply::rendered(&answer, &context, headers),
    }
}

/// The media type that a request would be answered with.
fn media_type(request: &RenderRequest) -> &'static str {
    match &request.output {
        RenderOutput::Image(image) => image.format.content_type(),
        RenderOutput::Pdf(_) => "application/pdf",
        RenderOutput::Animation(_) => "image/gif",
        RenderOutput::Content | RenderOutput::Metadata => "application/json",
    }
}
