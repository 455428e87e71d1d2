//! The API for machines.

use std::sync::LazyLock;

use axum::{
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use capture_ws::asyncapi;

/// Half a megabyte that takes 12 ms to build, asked for without a token: built once, and every reply shares it.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| asyncapi::document().to_string().into());

/// `GET /asyncapi.json`
pub(crate) async fn asyncapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}
