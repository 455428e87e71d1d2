//! CDP clients: the addresses they connect to, and their upgrade.
//!
//! A token is part of the address because many clients cannot send a header; a client that can may name the session and
//! send its credentials instead. Both are checked before the upgrade, so that a refusal is an ordinary HTTP answer.
//! Knows nothing of the commands that clients send.

mod addresses;
pub(crate) mod discovery;
mod splice;
mod talk;
mod token;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use capture_core::{Caller, Connected, Error, ErrorCode, account::Connect};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

pub(crate) use self::addresses::Addresses;
use self::token::{Opening, Presented};
use crate::{
    app::App,
    client_address::Source,
    error::{NO_SUCH_TARGET, Refusal},
    origin::check_origin,
};

/// Longest id of a target, in characters. Those of Chromium have 32.
const MAX_TARGET: usize = 64;

/// The path of the browser's endpoint, or of the endpoint of one target.
fn path(target: Option<&str>) -> String {
    target.map_or_else(|| "/cdp".to_owned(), |target| format!("/devtools/page/{target}"))
}

/// `GET /cdp?token=…`, or `GET /cdp?sessionId=…` with a bearer token
pub(crate) async fn connect(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    enter(&app, presented, None, request).await
}

/// `GET /devtools/browser/{session_id}`: Chromium's path of `/cdp`. The id must be that of the session.
pub(crate) async fn connect_browser(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    enter(&app, presented, Some(Named::Browser(id)), request).await
}

/// `GET /devtools/page/{target_id}`: connects to one target. Commands and events on this connection carry no session
/// id.
pub(crate) async fn connect_page(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    enter(&app, presented, Some(Named::Page(id)), request).await
}

/// What the path names.
enum Named {
    Browser(String),
    Page(String),
}

impl Named {
    /// The target the client is to be connected to; `None` for the browser.
    fn target(self, connect: &Connect) -> Result<Option<String>, Error> {
        match self {
            Self::Browser(id) if id == connect.session.to_string() => Ok(None),
            Self::Browser(_) => Err(Error::not_found()),
            Self::Page(id) => target(id).map(Some),
        }
    }
}

/// Returns the id if it can be that of a target.
fn target(id: String) -> Result<String, Error> {
    let fits = (1..=MAX_TARGET).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(id) } else { Err(no_such_target()) }
}

fn no_such_target() -> Error {
    Error::new(ErrorCode::ActionFailed, "this session's browser has no such target")
        .with_reason(NO_SUCH_TARGET)
        .with_hint("read /json/list for the pages there are now")
}

async fn enter(
    app: &Arc<App>,
    presented: Presented,
    named: Option<Named>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    check_origin(app, &parts.headers, &parts.uri)?;
    let source = parts.extensions.get::<Source>().copied();
    let Opening { token, connect } = token::opened(app, presented, &mut parts).await?;
    let target = named.map_or(Ok(None), |named| named.target(&connect))?;
    let mut request = Request::from_parts(parts, body);
    let handshake = create_response_with_body(&request, Body::empty).map_err(|error| {
        Error::invalid(format!("not a WebSocket upgrade: {error}"))
            .with_reason("not_a_websocket")
            .with_hint("give the connectUrl to Puppeteer's connect or Playwright's connectOverCDP")
    })?;
    match app.sessions().connect(Caller::user(connect.user.clone()), connect.session, target.clone()).await? {
        Connected::Here(client) => {
            let upgraded = hyper::upgrade::on(&mut request);
            let socket = async move {
                let io = TokioIo::new(upgraded.await.ok()?);
                Some(capture_ws::cdp::accept(io).await)
            };
            app.channels().run_cdp(Box::pin(socket), client, token::revoked(Arc::clone(app), connect));
        }
        Connected::At(address) => {
            let key = request.headers().get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
            let (path, key) = (path(target.as_deref()), key.unwrap_or_default());
            let wanted = splice::Wanted { address: &address, path: &path, key, token: &token, source };
            let far = splice::to(app, &connect, wanted).await?;
            let upgraded = hyper::upgrade::on(&mut request);
            let near = async move { Some(TokioIo::new(upgraded.await.ok()?)) };
            app.channels().run_splice(Box::pin(near), far, splice::over(Arc::clone(app), connect));
        }
    }
    Ok(handshake.into_response())
}
