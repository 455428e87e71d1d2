//! Scripts and frames that pretend to be advertising, and one that does not.

use axum::{
    Router,
    extract::Path,
    http::header,
    response::{Html, IntoResponse, Response},
    routing::get,
};

pub(crate) fn routes() -> Router {
    Router::new().route("/adverts/{name}", get(advert)).route("/useful.js", get(async || script("useful")))
}

/// Says its name where it stands.
async fn advert(Path(name): Path<String>) -> Response {
    match name.split_once('.') {
        Some((name, "js")) => script(&format!("advert {name}")),
        _ => Html("<!doctype html><title>An advert</title><p>advert frame</p>").into_response(),
    }
}

fn script(text: &str) -> Response {
    let code = format!("document.currentScript.after({text:?});");
    ([(header::CONTENT_TYPE, "text/javascript")], code).into_response()
}
