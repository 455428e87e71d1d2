//! The part of the test site that misbehaves: answers that never end, redirect in circles, or are too large.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Redirect},
    routing::get,
};
use futures::stream;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/redirect", get(async || Redirect::temporary("/trap/redirect")))
        .route("/drip", get(async || endless("<title>Drip</title>", "x", Duration::from_millis(50))))
        .route("/endless", get(async || endless("<title>Endless</title>", &"<p>more</p>".repeat(1000), Duration::ZERO)))
        .route("/headers", get(headers))
        .route("/password", get(password))
        .route("/within/worker.js", get(worker))
        .route("/within/{page}", get(async || Html("<title>Within</title>")))
}

/// A document without an end.
fn endless(start: &str, more: &str, pause: Duration) -> impl IntoResponse + use<> {
    let (start, more) = (Bytes::from(start.to_owned()), Bytes::from(more.to_owned()));
    let body = stream::unfold(0_u64, move |sent| {
        let piece = if sent == 0 { start.clone() } else { more.clone() };
        async move {
            tokio::time::sleep(pause).await;
            Some((Ok::<_, Infallible>(piece), sent + 1))
        }
    });
    ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(body))
}

async fn headers() -> impl IntoResponse {
    let name = |count: u32| HeaderName::from_bytes(format!("x-header-{count}").as_bytes()).unwrap();
    let headers: HeaderMap = (0..1000).map(|count| (name(count), "x".repeat(200).parse().unwrap())).collect();
    (headers, Html("<title>Headers</title>"))
}

async fn password() -> impl IntoResponse {
    let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"trap\"")];
    (StatusCode::UNAUTHORIZED, ask, Html("<title>Password</title>"))
}

async fn worker() -> impl IntoResponse {
    let script = "addEventListener('install', () => skipWaiting());
        addEventListener('fetch', (event) => event.respondWith(new Promise(() => {})));";
    ([(header::CONTENT_TYPE, "text/javascript")], script)
}
