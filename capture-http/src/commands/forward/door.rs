//! The local port: which requests it admits, and what it answers.
//!
//! Knows nothing of the credentials, which [`super::upstream`] has.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::Authority},
    response::{IntoResponse, Response},
};
use capture_core::{Error, ErrorCode};
use capture_ws::splice;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use uuid::Uuid;

use super::{
    addresses::{Asked, asked, localise},
    upstream::{Unreachable, Upstream, whole},
};

/// Requests and open sockets at a time. A session admits 16 clients.
const AT_ONCE: usize = 64;
/// How long open sockets may take to close once the session has ended.
const GOODBYE: Duration = Duration::from_secs(2);

/// The port of one session.
#[derive(Debug)]
pub(super) struct Door {
    upstream: Arc<Upstream>,
    places: Arc<Semaphore>,
}

/// A refusal that does not come from the server.
struct Refusal(StatusCode, Box<Error>);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        let body = json!({
            "success": false,
            "error": error.message(),
            "code": error.code().as_str(),
            "reason": error.reason(),
            "retryable": error.code().is_retryable(),
            "outcome": error.outcome(),
            "hint": error.hint(),
            "requestId": Uuid::new_v4().simple().to_string(),
        });
        (status, axum::Json(body)).into_response()
    }
}

impl From<Unreachable> for Refusal {
    fn from(why: Unreachable) -> Self {
        let error = Error::new(ErrorCode::Unavailable, why.to_string()).with_reason("server_unreachable");
        Self(StatusCode::BAD_GATEWAY, Box::new(error))
    }
}

impl Door {
    pub(super) fn new(upstream: Arc<Upstream>) -> Self {
        Self { upstream, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Called when the session has ended. The server closes its sockets; those it does not close in time are dropped.
    pub(super) async fn close(&self) {
        self.upstream.tasks.finish(GOODBYE).await;
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_full| {
            let error = Error::new(ErrorCode::Busy, format!("{AT_ONCE} requests and connections are open"));
            Refusal(StatusCode::SERVICE_UNAVAILABLE, Box::new(error.with_reason("too_many_connections")))
        })
    }
}

/// The router that answers every request at the port.
pub(super) fn router(door: &Arc<Door>) -> Router {
    Router::new().fallback(answer).with_state(Arc::clone(door))
}

async fn answer(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Refusal> {
    let host = admit(request.headers(), request.uri())?;
    let place = door.place()?;
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    match asked(request.method(), path, query, door.upstream.session) {
        Asked::Answer(path) => {
            let answer = door.upstream.ask(request.method().clone(), &path, None).await?;
            Ok(passed_on(answer, &host, &door).await?)
        }
        Asked::Socket(path) => socket(&door, &path, request, place).await,
        Asked::WrongMethod(method) => {
            let error = Error::invalid(format!("this path takes {method}")).with_reason("method_not_allowed");
            let allow = (header::ALLOW, HeaderValue::from_static(method));
            Ok(([allow], Refusal(StatusCode::METHOD_NOT_ALLOWED, Box::new(error))).into_response())
        }
        Asked::Nothing => {
            let error = Error::invalid("no such path").with_reason("unknown_path");
            Err(Refusal(StatusCode::NOT_FOUND, Box::new(error.with_hint("a browser has /json and /devtools"))))
        }
    }
}

/// The `Host` by which a tool reached the port. Requests of web pages are refused: they carry an origin or reach the
/// port by a name.
fn admit(headers: &HeaderMap, uri: &Uri) -> Result<String, Refusal> {
    let refused = |message: &'static str, reason: &'static str, hint: &'static str| {
        let error = Error::new(ErrorCode::Forbidden, message).with_reason(reason).with_hint(hint);
        Refusal(StatusCode::FORBIDDEN, Box::new(error))
    };
    let from_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site != "none");
    if headers.contains_key(header::ORIGIN) || from_elsewhere {
        let hint = "connect from a program, not from a page; it must send no Origin";
        return Err(refused("pages of a browser may not connect", "origin_not_allowed", hint));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) if uri.authority().is_none() => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    };
    let hint = "connect to 127.0.0.1 by its number, not by a name";
    host.filter(is_loopback)
        .map(|host| host.to_string())
        .ok_or_else(|| refused("this port answers to 127.0.0.1 only", "host_not_allowed", hint))
}

fn is_loopback(host: &Authority) -> bool {
    let bare = host.host().trim_start_matches('[').trim_end_matches(']');
    !host.as_str().contains('@') && bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The server's answer, with addresses of this port in it.
async fn passed_on(answer: hyper::Response<Incoming>, host: &str, door: &Door) -> Result<Response, Unreachable> {
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let body = whole(answer.into_body()).await?;
    let body = match serde_json::from_slice::<Value>(&body) {
        Ok(mut told) if status.is_success() && !told.get("domains").is_some_and(Value::is_array) => {
            localise(&mut told, host, door.upstream.session);
            Body::from(told.to_string())
        }
        _ => Body::from(body),
    };
    let kind = kind.unwrap_or(HeaderValue::from_static("text/plain"));
    Ok((status, [(header::CONTENT_TYPE, kind)], body).into_response())
}

/// Upgrades the tool's connection once the server has upgraded ours; the bytes then pass unchanged.
async fn socket(
    door: &Arc<Door>,
    path: &str,
    mut request: Request,
    place: OwnedSemaphorePermit,
) -> Result<Response, Refusal> {
    let handshake = create_response_with_body(&request, Body::empty).map_err(|error| {
        let error = Error::invalid(format!("not a WebSocket upgrade: {error}")).with_reason("not_a_websocket");
        Refusal(StatusCode::BAD_REQUEST, Box::new(error))
    })?;
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
    let answer = door.upstream.ask(request.method().clone(), path, key).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(passed_on(answer, "", door).await?);
    }
    let (near, far) = (hyper::upgrade::on(&mut request), hyper::upgrade::on(answer));
    door.upstream.tasks.spawn(async move {
        let _place = place;
        if let (Ok(near), Ok(far)) = tokio::join!(near, far) {
            splice::carry(TokioIo::new(near), TokioIo::new(far)).await;
        }
    });
    Ok(handshake.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_that_name_a_loopback_address_are_let_in() {
        let of = |fields: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, value.parse().unwrap());
            }
            admit(&headers, &Uri::from_static("/json")).map_err(|Refusal(status, _)| status.as_u16())
        };
        for host in ["127.0.0.1", "127.0.0.1:9222", "127.9.9.9:1", "[::1]:9222"] {
            assert_eq!(of(&[("host", host)]), Ok(host.to_owned()));
        }
        for host in ["localhost:9222", "evil.test", "10.0.0.1", "127.0.0.1.evil.test", "a@127.0.0.1", "", "0.0.0.0"] {
            assert_eq!(of(&[("host", host)]), Err(403), "{host}");
        }
        assert_eq!(of(&[]), Err(403));
        assert_eq!(of(&[("host", "127.0.0.1"), ("host", "127.0.0.1")]), Err(403));
        for (name, value) in [("origin", "http://127.0.0.1:9222"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
        {
            assert_eq!(of(&[("host", "127.0.0.1:9222"), (name, value)]), Err(403), "{name}: {value}");
        }
        assert!(of(&[("host", "127.0.0.1:9222"), ("sec-fetch-site", "none")]).is_ok());
    }
}
