//! CDP clients: the address they connect to, and the way in.
//!
//! A token stands in the address because many clients can be asked for no header; those that can may name the session
//! and send their credentials. Both are judged before the upgrade, so that a refusal is an answer like any other.

mod addresses;
mod splice;
mod token;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Query, Request, State},
    response::{IntoResponse, Response},
};
use capture_core::{Caller, Connected, Error};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

pub(crate) use self::addresses::Addresses;
use self::token::Opening;
use crate::{app::App, client_address::Source, error::Refusal, reply, stream::check_origin};

/// Where clients connect.
const PATH: &str = "/cdp";

/// What follows the question mark.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Presented {
    #[serde(default)]
    token: String,
    /// Instead of a token, with credentials in the header.
    session_id: Option<String>,
}

/// `GET /cdp?token=…`, or `GET /cdp?sessionId=…` with a bearer token
pub(crate) async fn connect(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    check_origin(&app, &parts.headers, &parts.uri)?;
    let source = parts.extensions.get::<Source>().copied();
    let Opening { token, connect } = token::opened(&app, presented, &mut parts).await?;
    let mut request = Request::from_parts(parts, body);
    let handshake = create_response_with_body(&request, Body::empty).map_err(|error| {
        Error::invalid(format!("not a WebSocket upgrade: {error}"))
            .with_reason("not_a_websocket")
            .with_hint("give the connectUrl to Puppeteer's connect or Playwright's connectOverCDP")
    })?;
    let connected = app.sessions().connect(Caller::user(connect.user.clone()), connect.session).await?;
    let far = match connected {
        Connected::Here(client) => {
            let upgraded = hyper::upgrade::on(&mut request);
            let socket = async move {
                let io = TokioIo::new(upgraded.await.ok()?);
                Some(capture_ws::cdp::accept(io).await)
            };
            app.channels().run_cdp(Box::pin(socket), client, token::revoked(Arc::clone(&app), connect));
            return Ok(handshake.into_response());
        }
        Connected::At(address) => splice::open(&address, request.headers(), &token, source).await?,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let near = async move { Some(TokioIo::new(upgraded.await.ok()?)) };
    app.channels().run_splice(Box::pin(near), far, splice::over(Arc::clone(&app), connect));
    Ok(handshake.into_response())
}

/// `GET /json/version?token=…`, for clients that ask where to connect: with the token they have, so that what they are
/// told ends when it does.
pub(crate) async fn version(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _body) = request.into_parts();
    check_origin(&app, &parts.headers, &parts.uri)?;
    let Opening { token, connect } = token::opened(&app, presented, &mut parts).await?;
    let view = app.sessions().get(Caller::user(connect.user), connect.session).await?;
    if !view.is_active() {
        return Err(Error::inactive(view).into());
    }
    let address = Addresses::new(&app, &parts.headers)
        .with(&token)
        .ok_or_else(|| Error::invalid("the Host header is missing or unreadable"))?;
    reply::ok(&json!({
        "Browser": concat!("Capture/", env!("CARGO_PKG_VERSION")),
        "Protocol-Version": "1.3",
        "webSocketDebuggerUrl": address,
    }))
}
