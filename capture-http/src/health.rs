//! Whether the process lives, and whether it can be given work. No authentication: load balancers ask.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::app::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn live() -> Response {
    axum::Json(json!({"success": true, "status": "alive"})).into_response()
}

/// `GET /readyz`: sessions can be created. Not an error of ours when not, so nothing is logged for each probe.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.readiness() {
        Ok(()) => axum::Json(json!({"success": true, "status": "ready"})).into_response(),
        Err(why) => {
            let body = json!({"success": false, "status": "not_ready", "error": format!("not ready: {why}")});
            (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response()
        }
    }
}
