//! The handlers of renders.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, header},
    response::Response,
};
use capture_core::{
    Caller, Error,
    render::{RenderOutput, RenderRequest},
};

use super::{
    answer::{CacheUse, answer},
    cache::CacheKey,
    params::Params,
    parse::{self, Kind},
    reply::{self, ReplyContext},
};
use crate::{
    app::App,
    auth::Authenticated,
    error::{Refusal, unknown_path},
    extract::Posted,
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

/// Answers a request with these parameters.
async fn respond(
    app: &Arc<App>,
    caller: Caller,
    kind: Kind,
    mut params: Params,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let varies = params.peek("bestFormat").is_some();
    let fresh = params.boolean("fresh")?;
    let accepts_webp = headers
        .get_all(header::ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("image/webp")));
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
    reply::rendered(&answer, ReplyContext { key, warnings, is_private, varies, now, ttl }, headers)
}

/// The media type that a request would be answered with.
#[cfg_attr(not(test), expect(dead_code, reason = "HEAD comes with the signed routes"))]
fn media_type(request: &RenderRequest) -> &'static str {
    match &request.output {
        RenderOutput::Image(image) => image.format.content_type(),
        RenderOutput::Pdf(_) => "application/pdf",
        RenderOutput::Animation(_) => "image/gif",
        RenderOutput::Content | RenderOutput::Metadata => "application/json",
    }
}
