//! A site of fixture pages on loopback, which can also be slow, broken, or never finish.

use std::{path::PathBuf, time::Duration};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect},
    routing::get,
};
use tokio::net::TcpListener;

/// A running site; ends with the test.
#[derive(Debug)]
pub struct Site {
    base: String,
}

impl Site {
    /// Starts serving `fixtures/*.html` and the special paths below.
    #[expect(clippy::disallowed_methods, reason = "the site ends with its test's runtime")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes()).await.unwrap() });
        Self { base }
    }

    /// The address of a path, with a leading slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of a fixture.
    pub fn page(&self, name: &str) -> String {
        self.url(&format!("/{name}.html"))
    }
}

fn routes() -> Router {
    Router::new()
        .route("/status/{status}", get(status))
        .route("/empty/{status}", get(|Path(status): Path<u16>| async move { StatusCode::from_u16(status).unwrap() }))
        .route("/slow/{millis}", get(slow))
        .route("/never", get(never))
        .route("/hanging-image", get(async || Html("<title>Hanging</title><img src=/never><p id=log>here</p>")))
        .route("/redirect", get(async || Redirect::temporary("/form.html")))
        .route("/download", get(download))
        .route("/agent", get(agent))
        .route("/{fixture}", get(fixture))
}

async fn fixture(Path(name): Path<String>) -> impl IntoResponse {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    match tokio::fs::read_to_string(folder.join(&name)).await {
        Ok(page) => Html(page).into_response(),
        Err(_) => (StatusCode::NOT_FOUND, Html(format!("<title>No {name}</title>"))).into_response(),
    }
}

async fn status(Path(status): Path<u16>) -> impl IntoResponse {
    (StatusCode::from_u16(status).unwrap(), Html(format!("<title>Status {status}</title>")))
}

async fn slow(Path(millis): Path<u64>) -> impl IntoResponse {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Html(format!("<title>Slow {millis}</title>"))
}

async fn never() -> String {
    std::future::pending().await
}

async fn download() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"report.bin\""),
    ];
    (headers, "bytes")
}

async fn agent(headers: axum::http::HeaderMap) -> String {
    headers.get(header::USER_AGENT).map(|value| value.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}
