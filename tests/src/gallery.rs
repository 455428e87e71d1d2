//! Serves the pages of `tests/site`, and three of its paths that are no files.

use std::path::PathBuf;

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/site/missing", get(async || (StatusCode::NOT_FOUND, page("missing.html").await)))
        .route("/site/login", get(login))
        .route("/site/redirect", get(async || Redirect::temporary("/site/plain.html")))
        .route("/site/{*file}", get(async |Path(file): Path<String>| page(&file).await))
}

/// The folder of the pages, with their list beside it.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("site")
}

async fn login() -> impl IntoResponse {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=site")], page("login.html").await)
}

async fn page(file: &str) -> Response {
    let media_type = match file.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff") => "font/woff",
        _ => "application/octet-stream",
    };
    match tokio::fs::read(folder().join("pages").join(file)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, media_type)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
