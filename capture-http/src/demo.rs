//! The demo page: static files that are embedded in the program and use only the public API.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{app::App, error::Refusal, error::unknown_path, reply};

/// Permits nothing from other hosts and nothing inline.
const POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'none'";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../web-demo/", $name)).as_slice())),*]
    };
}

const FILES: &[(&str, &[u8])] = files![
    "answer.js",
    "app.js",
    "batch.js",
    "channel.js",
    "composer.js",
    "console-pane.js",
    "countdown.js",
    "curl.js",
    "dom.js",
    "favicon.svg",
    "field.js",
    "form.js",
    "index.html",
    "layout.css",
    "live-input.js",
    "live-view.js",
    "messages.js",
    "panes.css",
    "rest.js",
    "results.js",
    "session.js",
    "sessions.js",
    "share.js",
    "sign-in.js",
    "snapshot-tree.js",
    "status.js",
    "style.css",
    "workspace.js",
];

/// `GET /`
pub(crate) async fn page() -> Response {
    file("index.html").await
}

/// `GET /demo/{name}`
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    file(&name).await
}

/// `GET /demo/config`: the token that the page signs in with, on a server that is open to everyone on this machine.
pub(crate) async fn config(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    match &app.settings().demo_token {
        Some(token) => reply::ok(&json!({"dev": {"token": token}})),
        None => reply::ok(&json!({})),
    }
}

async fn file(name: &str) -> Response {
    let Some((name, body)) = FILES.iter().find(|(known, _)| *known == name) else {
        return unknown_path().await.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, content_type(name)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, *body).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_demo_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../web-demo");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut there: Vec<String> = entries.filter(|name| name != "README.md").collect();
        there.sort();
        assert_eq!(there, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        assert!(FILES.iter().all(|(name, _)| content_type(name) != "application/octet-stream"));
    }
}
