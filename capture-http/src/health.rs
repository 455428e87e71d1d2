//! Whether the process is alive, and whether it is ready for work. Served without authentication, for load balancers.

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

/// `GET /readyz`: sessions can be created. Not being ready is not an error, so probes are not logged.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.readiness() {
        Ok(()) => axum::Json(json!({"success": true, "status": "ready"})).into_response(),
        Err(why) => {
            let body = json!({"success": false, "status": "not_ready", "error": format!("not ready: {why}")});
            (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response()
        }
    }
}
