//! The handlers of renders.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequestParts, Path, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::Response,
    routing::get,
};
use capture_core::{
    Caller, Error,
    render::{RenderOutput, RenderRequest},
};

use super::{
    answer::{CacheUse, answer},
    cache::CacheKey,
    params::{self, Params},
    parse::{self, Kind},
    reply::{self, ReplyContext},
};
use crate::{
    app::App,
    auth::Authenticated,
    error::{Refusal, unknown_path},
    extract::Posted,
    signed::SignedQuery,
};

/// `POST /v1/render/{kind}`
pub(crate) async fn render(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Path(kind): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let Ok(kind) = kind.parse::<Kind>() else { return Err(unknown_path().await) };
    let headers = request.headers().clone();
    let posted = Posted::read(request).await?;
    posted.required(r#"{"url": "https://example.com"}"#)?;
    let params = Params::of_json(posted.fields()?)?;
    respond(&app, caller, kind, params, &headers).await
}

/// The routes that are signed instead of carrying a secret.
pub(crate) fn signed_routes() -> Router<Arc<App>> {
    let routes = || get(signed).head(signed_head);
    ["image", "pdf", "content", "metadata", "animated"]
        .into_iter()
        .fold(Router::new(), |router, kind| router.route(&format!("/{{key}}/{{hash}}/{kind}"), routes()))
}

/// `GET /{key}/{hash}/{kind}`
async fn signed(
    State(app): State<Arc<App>>,
    query: SignedQuery,
    kind: SignedKind,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let params = Params::of_query(query.parameters.iter());
    respond(&app, Caller::user(query.user), kind.0, params, &headers).await
}

/// `HEAD /{key}/{hash}/{kind}`: checks signature and parameters, and renders nothing.
async fn signed_head(
    State(app): State<Arc<App>>,
    query: SignedQuery,
    kind: SignedKind,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let mut params = Params::of_query(query.parameters.iter());
    apply_preset(&app, &mut params)?;
    let request = parse::request(kind.0, &mut params, accepts_webp(&headers))?;
    Ok(reply::head(media_type(&request)))
}

/// The kind at the end of a signed path, where the other parts are those of the signature.
#[derive(Debug)]
struct SignedKind(Kind);

impl<S: Send + Sync> FromRequestParts<S> for SignedKind {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let last = parts.uri.path().rsplit('/').next().and_then(|kind| kind.parse().ok());
        match last {
            Some(kind) => Ok(Self(kind)),
            None => Err(unknown_path().await),
        }
    }
}

fn accepts_webp(headers: &HeaderMap) -> bool {
    let lists = |accept: &HeaderValue| accept.to_str().is_ok_and(|accept| accept.contains("image/webp"));
    headers.get_all(header::ACCEPT).iter().any(lists)
}

/// Answers a request with these parameters.
async fn respond(
    app: &Arc<App>,
    caller: Caller,
    kind: Kind,
    mut params: Params,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    apply_preset(app, &mut params)?;
    let varies = params.peek("bestFormat").is_some();
    let fresh = params.boolean("fresh")?;
    let accepts_webp = accepts_webp(headers);
    let key = CacheKey::of(&caller.user, kind, &params, if varies && accepts_webp { "webp" } else { "" });
    let request = parse::request(kind, &mut params, accepts_webp)?;
    let _only_part_of_the_key = params.text("timestamp");
    let is_plain = params.is_plain;
    let (warnings, unknown) = params.finish();
    if let Some(name) = unknown.first().filter(|_| is_plain) {
        return Err(Error::invalid(format!("unknown parameter {name:?} of {}", request.output.name())).into());
    }
    let is_private = request.settings.credentials.is_some();
    let cache_use = CacheUse { fresh, keep: !is_private };
    let answer = answer(app, caller, key.clone(), request, cache_use).await?;
    let (now, ttl) = (app.now(), app.renders().ttl());
    reply::rendered(&answer, &ReplyContext { key, warnings, is_private, varies, now, ttl }, headers)
}

/// Adds the parameters of the preset that the request names, before anything depends on them.
fn apply_preset(app: &App, params: &mut Params) -> Result<(), Error> {
    let Some(name) = params.text("preset") else { return Ok(()) };
    let preset = app.settings().presets.get(&name);
    params.add_preset(
        preset.ok_or_else(|| params::refused("preset", &name, "must be one that the operator configured"))?,
    );
    Ok(())
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
