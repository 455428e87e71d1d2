//! The API for machines.

use axum::response::Response;
use capture_ws::asyncapi;

use crate::{error::Refusal, reply};

/// `GET /asyncapi.json`
pub(crate) async fn asyncapi() -> Result<Response, Refusal> {
    reply::ok(&asyncapi::document())
}
