//! The addresses from which pages of this server reach the network, which the operator configures. They are served
//! without authentication, as in the public API, so that others can allow them.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{app::App, error::Refusal, reply};

#[derive(Serialize)]
struct Ranges<'a> {
    prefixes: &'a [String],
}

/// `GET /ip-ranges.json`
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    reply::ok(&Ranges { prefixes: &app.settings().ip_ranges })
}
