//! CDP clients: the address they connect to, and the way in.
//!
//! A token stands in the address because neither Puppeteer nor Playwright can be asked for a header. It is judged before the
//! upgrade, so that a refusal is an answer like any other.

mod splice;

use std::{fmt::Write as _, sync::Arc};

use axum::{
    body::Body,
    extract::{Query, Request, State},
    http::{HeaderMap, header, uri::Authority},
    response::{IntoResponse, Response},
};
use capture_core::{
    Caller, Connected, Error, ErrorCode,
    account::{CONNECT_LIFE, Connect, TokenError, UserId},
    session::SessionView,
};
use capture_ws::cdp::socket_config;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::server::create_response_with_body, protocol::Role},
};

use crate::{app::App, client_address::Source, error::Refusal, reply, stream::check_origin};

/// Where clients connect.
const PATH: &str = "/cdp";

/// What follows the question mark.
#[derive(Debug, Deserialize)]
pub(crate) struct Presented {
    #[serde(default)]
    token: String,
}

/// The address for a session's CDP clients, minted now: only while it is active, and only if it was created with `cdp`.
/// None for a request that does not say how it reached us, where the operator does not either.
pub(crate) async fn connect_url(
    app: &App,
    headers: &HeaderMap,
    user: &UserId,
    view: &SessionView,
) -> Result<Option<String>, Error> {
    if !view.options.cdp || !view.is_active() {
        return Ok(None);
    }
    let Some(base) = base(app, headers) else { return Ok(None) };
    let key = app.connect_keys().connect_key().await?;
    Ok(Some(format!("{base}{PATH}?token={}", key.mint(view.id, user, app.now()))))
}

/// `ws://host` or `wss://host/path` of this server, as its clients know it.
fn base(app: &App, headers: &HeaderMap) -> Option<String> {
    if let Some(public) = &app.settings().public_url {
        let scheme = if public.scheme() == "https" { "wss" } else { "ws" };
        let mut base = format!("{scheme}://{}", public.host_str()?);
        if let Some(port) = public.port() {
            write!(base, ":{port}").ok()?;
        }
        return Some(base + public.path().trim_end_matches('/'));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    let host = Authority::try_from(host.as_bytes()).ok().filter(|host| !host.as_str().contains('@'))?;
    Some(format!("ws://{host}"))
}

/// `GET /cdp?token=…`
pub(crate) async fn connect(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    mut request: Request,
) -> Result<Response, Refusal> {
    check_origin(&app, request.headers(), request.uri())?;
    let source = request.extensions().get::<Source>().copied();
    let connect = verify(&app, &presented.token, source).await?;
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
                Some(WebSocketStream::from_raw_socket(io, Role::Server, Some(socket_config())).await)
            };
            app.channels().run_cdp(Box::pin(socket), client);
            return Ok(handshake.into_response());
        }
        Connected::At(address) => splice::open(&address, request.headers(), &presented.token, source).await?,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let near = async move { Some(TokioIo::new(upgraded.await.ok()?)) };
    app.channels().run_splice(Box::pin(near), far, splice::over(Arc::clone(&app), connect));
    Ok(handshake.into_response())
}

/// `GET /json/version?token=…`, for clients that ask where to connect.
pub(crate) async fn version(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    check_origin(&app, request.headers(), request.uri())?;
    let connect = verify(&app, &presented.token, request.extensions().get().copied()).await?;
    let view = app.sessions().get(Caller::user(connect.user.clone()), connect.session).await?;
    let url = connect_url(&app, request.headers(), &connect.user, &view).await?;
    let url = url.ok_or_else(|| Error::inactive(view))?;
    reply::ok(&json!({
        "Browser": concat!("Capture/", env!("CARGO_PKG_VERSION")),
        "Protocol-Version": "1.3",
        "webSocketDebuggerUrl": url,
    }))
}

/// Whose token it is. Wrong ones are answered slower, as wrong secrets are.
async fn verify(app: &App, token: &str, source: Option<Source>) -> Result<Connect, Error> {
    let key = app.connect_keys().connect_key().await?;
    let wrong = match key.verify(token, app.now()) {
        Ok(connect) => return Ok(connect),
        Err(wrong) => wrong,
    };
    if let Some(source) = source {
        tokio::time::sleep(app.throttle().failed(source)).await;
    }
    let reason = match wrong {
        TokenError::Expired => "token_expired",
        TokenError::Malformed | TokenError::Forged | TokenError::Early => "token_invalid",
    };
    Err(Error::new(ErrorCode::Unauthorized, format!("this connectUrl cannot be used: {wrong}"))
        .with_reason(reason)
        .with_hint(format!(
            "read the session again: each GET brings one that is good for {} s",
            CONNECT_LIFE.as_secs()
        )))
}
