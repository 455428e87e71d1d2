//! The paths of the API with their handlers, and the layers that every request passes.

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};

use crate::{
    actions, app::App, batch, cdp, demo, describe, devices, drain_body, error, health, host_guard, identify, ip_ranges,
    panics, render, request_id, sessions, stream,
};

/// The router with every path of the API, ready to be served.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/sessions", post(sessions::create).get(sessions::list).delete(sessions::close_all))
        .route("/v1/sessions/{session_id}", get(sessions::get).delete(sessions::close))
        .route("/v1/sessions/{session_id}/actions", post(actions::execute))
        .route("/v1/sessions/{session_id}/renew", post(sessions::renew))
        .route("/v1/render/{kind}", post(render::render))
        .route("/cdp", get(cdp::connect))
        .route("/devtools/browser/{session_id}", get(cdp::connect_browser))
        .route("/devtools/page/{target_id}", get(cdp::connect_page))
        .merge(cdp::discovery::routes(""))
        .merge(cdp::discovery::routes("/cdp")) // below the path of a connectUrl
        .route("/v1/stream", get(stream::connect))
        .route("/v1/stream/tickets", post(stream::ticket))
        .route("/", get(demo::page))
        .route("/demo/config", get(demo::config))
        .route("/demo/{name}", get(demo::asset))
        .route("/asyncapi.json", get(describe::asyncapi))
        .route("/screenshot/devices", get(devices::list))
        .merge(render::signed_routes())
        .route("/ip-ranges.json", get(ip_ranges::list))
        .route("/batch-image/{key}", post(batch::image))
        .route("/batch-pdf/{key}", post(batch::pdf))
        .route("/v1/batches/{id}", get(batch::get))
        .route("/v1/batches/{id}/files/{index}", get(batch::file))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(error::unknown_path)
        .with_state(Arc::clone(&app))
        // A request passes the layers from the last line to the first, its reply from the first to the last.
        .layer(from_fn_with_state(Arc::clone(&app), host_guard::guard)) // no page of a foreign name reaches a local server
        .layer(from_fn(panics::contain)) // a panic is answered, and the connection stays open
        .layer(from_fn(drain_body::read)) // an answer that is ready before the end of the body still arrives
        // Refusals become bodies, with the remaining time as it is now.
        .layer(from_fn_with_state(Arc::clone(&app), error::render))
        .layer(from_fn(request_id::identify)) // span, request id, headers of every reply
        .layer(from_fn_with_state(app, identify::identify)) // the client's address, behind trusted proxies
}
