//! The reply of a render. Results come from the origin of the API, so their headers keep a browser from running them.

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use capture_core::{
    Error,
    clock::Timestamp,
    render::{Metadata, RenderBody, RenderedContent},
};
use serde::Serialize;
use url::Url;

use super::{answer::Answer, made::CacheKey};
use crate::error::Refusal;

/// Keeps a document of another author from doing anything, should a browser show it as a page.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
/// Maximum characters of the warnings in a header.
const MAX_WARNING: usize = 1000;

/// What the headers of a reply depend on beside the result.
#[derive(Debug)]
pub(super) struct ReplyContext {
    pub(super) key: CacheKey,
    /// Warnings about the parameters.
    pub(super) warnings: Vec<String>,
    /// The result must not be stored by anyone.
    pub(super) is_private: bool,
    /// The result depends on the `Accept` header.
    pub(super) varies: bool,
    pub(super) now: Timestamp,
    pub(super) ttl: Duration,
    /// Where the result was stored, below the part of its user.
    pub(super) file: Option<String>,
}

#[derive(Serialize)]
struct ContentReply<'a> {
    success: bool,
    #[serde(flatten)]
    content: &'a RenderedContent,
}

#[derive(Serialize)]
struct MetadataReply<'a> {
    success: bool,
    metadata: &'a Metadata,
}

/// The media type of a result.
fn content_type(body: &RenderBody) -> &'static str {
    match body {
        RenderBody::Picture { format, .. } => format.content_type(),
        RenderBody::Pdf(_) => "application/pdf",
        RenderBody::Gif(_) => "image/gif",
        RenderBody::Content(_) | RenderBody::Metadata(_) => "application/json",
    }
}

fn bytes(body: &RenderBody) -> Result<Bytes, Error> {
    match body {
        RenderBody::Picture { bytes, .. } | RenderBody::Pdf(bytes) | RenderBody::Gif(bytes) => Ok(bytes.clone()),
        RenderBody::Content(content) => json(&ContentReply { success: true, content }),
        RenderBody::Metadata(metadata) => json(&MetadataReply { success: true, metadata }),
    }
}

fn json(reply: &impl Serialize) -> Result<Bytes, Error> {
    serde_json::to_vec(reply).map(Bytes::from).map_err(Error::internal)
}

/// The reply with a result; 304 if the client has it already.
pub(super) fn rendered(answer: &Answer, context: &ReplyContext, request: &HeaderMap) -> Result<Response, Refusal> {
    let rendering = &answer.made.rendered.rendering;
    let etag = context.key.etag(answer.made.at);
    let mut headers = safety_headers(content_type(&rendering.body));
    add_caching(&mut headers, context, answer, &etag)?;
    add_facts(&mut headers, context, answer)?;
    let is_known = request.get(header::IF_NONE_MATCH).is_some_and(|known| lists(known, &etag));
    if is_known && !context.is_private {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, bytes(&rendering.body)?).into_response())
}

/// The reply that leads to the stored result.
pub(super) fn redirect(answer: &Answer, context: &ReplyContext, address: &Url) -> Result<Response, Refusal> {
    let mut headers = HeaderMap::new();
    add_caching(&mut headers, context, answer, &context.key.etag(answer.made.at))?;
    add_facts(&mut headers, context, answer)?;
    put(&mut headers, header::LOCATION, address.as_str())?;
    put(&mut headers, header::CACHE_CONTROL, "private, no-store")?; // the address does not live as long as the result
    Ok((StatusCode::FOUND, headers).into_response())
}

/// The reply to HEAD: what GET would answer, without rendering anything.
pub(super) fn head(content_type: &'static str) -> Response {
    safety_headers(content_type).into_response()
}

/// What keeps a browser from taking a result for a page of this server.
pub(crate) fn safety_headers(content_type: &'static str) -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ])
}

fn add_caching(headers: &mut HeaderMap, context: &ReplyContext, answer: &Answer, etag: &str) -> Result<(), Error> {
    let age = context.now.since(answer.made.at).as_secs();
    let control = if context.is_private || context.ttl.is_zero() {
        "private, no-store".to_owned()
    } else {
        format!("public, max-age={}", context.ttl.as_secs().saturating_sub(age))
    };
    put(headers, header::CACHE_CONTROL, &control)?;
    put(headers, HeaderName::from_static("x-capture-cache"), if answer.is_hit { "hit" } else { "miss" })?;
    if !context.is_private {
        put(headers, header::ETAG, etag)?;
        put(headers, header::AGE, &age.to_string())?;
    }
    if context.varies {
        put(headers, header::VARY, "Accept")?;
    }
    Ok(())
}

fn add_facts(headers: &mut HeaderMap, context: &ReplyContext, answer: &Answer) -> Result<(), Error> {
    let rendered = &answer.made.rendered;
    let billed = if answer.is_hit { 0 } else { rendered.billed_credits };
    put(headers, HeaderName::from_static("x-capture-credits"), &billed.to_string())?;
    if let Some(status) = rendered.rendering.page_status {
        put(headers, HeaderName::from_static("x-capture-page-status"), &status.to_string())?;
    }
    if rendered.rendering.clamped {
        put(headers, HeaderName::from_static("x-capture-clamped"), "true")?;
    }
    if let Some(file) = &context.file {
        let told = percent_encoding::utf8_percent_encode(file, percent_encoding::CONTROLS).to_string();
        put(headers, HeaderName::from_static("x-capture-file"), &told)?;
    }
    let warnings: Vec<&str> = context.warnings.iter().chain(&rendered.rendering.warnings).map(String::as_str).collect();
    if !warnings.is_empty() {
        let text = warnings.join("; ");
        let visible: String = text.chars().filter(|c| matches!(c, ' '..='~')).take(MAX_WARNING).collect();
        put(headers, HeaderName::from_static("x-capture-warning"), &visible)?;
    }
    Ok(())
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Error> {
    headers.insert(name, HeaderValue::from_str(value).map_err(Error::internal)?);
    Ok(())
}

/// Whether a list of entity tags has this one.
fn lists(known: &HeaderValue, etag: &str) -> bool {
    let tags = known.to_str().unwrap_or_default();
    tags.trim() == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}
