//! The handler of the API's machine-readable description.

use std::sync::LazyLock;

use axum::{
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use capture_ws::asyncapi;

/// The document has half a megabyte, takes 12 ms to build and is served without authentication. It is therefore built
/// once, and every reply shares it.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| asyncapi::document().to_string().into());

/// `GET /asyncapi.json`
pub(crate) async fn asyncapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}
