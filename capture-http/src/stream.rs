//! The entrance of the streaming channel: tickets over REST, and the WebSocket upgrade.
//!
//! Knows nothing of frames.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use capture_core::{
    Error,
    account::{Grant, Mode, Scope, TICKET_LIFE},
    session::SessionId,
};
use capture_ws::{Client, codec::Codec};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::server::create_response_with_body, protocol::Role},
};

use crate::{
    app::App, auth::Credentialed, cdp, client_address::Source, error::Refusal, extract::Posted, origin::check_origin,
    reply,
};

/// `POST /v1/stream/tickets`
pub(crate) async fn ticket(
    State(app): State<Arc<App>>,
    credentialed: Credentialed,
    request: Request,
) -> Result<Response, Refusal> {
    let posted = Posted::read(request).await?;
    let scope = scope(posted.fields()?)?;
    if let Some(id) = scope.session_id {
        app.sessions().get(credentialed.caller(), id).await?;
    }
    let grant = Grant { scope, ..credentialed.0 };
    let ticket = app.tickets().issue(grant).await?;
    reply::ok(&json!({"success": true, "ticket": ticket, "expiresInSeconds": TICKET_LIFE.as_secs()}))
}

fn scope(fields: &Map<String, Value>) -> Result<Scope, Error> {
    let mut scope = Scope::ALL;
    for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        match (field.as_str(), value.as_str()) {
            ("sessionId", Some(id)) => {
                scope.session_id = Some(id.parse::<SessionId>().map_err(|_malformed| Error::not_found())?);
            }
            ("mode", Some("drive")) => scope.mode = Mode::Drive,
            ("mode", Some("observe")) => scope.mode = Mode::Observe,
            ("sessionId", _) => return Err(Error::invalid("sessionId must be the id of a session")),
            ("mode", _) => return Err(Error::invalid("mode must be \"drive\" or \"observe\"")),
            (other, _) => {
                return Err(Error::invalid(format!("unknown field {other:?}; accepted are sessionId and mode")));
            }
        }
    }
    if scope.mode == Mode::Observe && scope.session_id.is_none() {
        return Err(Error::invalid("an observer needs the sessionId of what it may observe"));
    }
    Ok(scope)
}

/// `GET /v1/stream`: checked before the upgrade, so that a refusal is an ordinary HTTP answer.
pub(crate) async fn connect(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    check_origin(&app, &parts.headers, &parts.uri)?;
    let codec = codec(&parts.headers)?;
    let grant = if parts.headers.contains_key(header::AUTHORIZATION) {
        Some(Credentialed::from_request_parts(&mut parts, &app).await?.0)
    } else {
        None
    };
    let source = parts.extensions.get::<Source>().map_or(IpAddr::from([0, 0, 0, 0]), |source| source.address());
    let mut request = Request::from_parts(parts, body);
    let mut response = create_response_with_body(&request, axum::body::Body::empty)
        .map_err(|error| {
            Error::invalid(format!("not a WebSocket upgrade: {error}"))
                .with_reason("not_a_websocket")
                .with_hint("connect with a WebSocket client; docs/channel.md says how")
        })?
        .into_response();
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(codec.subprotocol()));
    let config = app.channels().socket_config();
    let upgraded = hyper::upgrade::on(&mut request);
    let socket = async move {
        let io = TokioIo::new(upgraded.await.ok()?);
        Some(WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await)
    };
    let connect_urls = Arc::new(cdp::Addresses::new(&app, request.headers()));
    app.channels().run(Box::pin(socket), codec, Client { grant, peer: source, connect_urls });
    Ok(response)
}

/// The first codec, in the server's order, that the client offers.
fn codec(headers: &HeaderMap) -> Result<Codec, Error> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let offered: Vec<&str> = offered.flat_map(|list| list.split(',')).map(str::trim).collect();
    Codec::ALL.into_iter().find(|codec| offered.contains(&codec.subprotocol())).ok_or_else(|| {
        let ours = Codec::ALL.map(Codec::subprotocol).join(", ");
        Error::invalid(format!("Sec-WebSocket-Protocol must offer one of {ours}")).with_reason("no_subprotocol")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_narrowed_by_what_the_body_names() {
        let id = "sess_00000000-0000-4000-8000-000000000000";
        let of = |body: Value| scope(body.as_object().unwrap());
        assert_eq!(of(json!({})).unwrap(), Scope::ALL);
        let observer = of(json!({"sessionId": id, "mode": "observe"})).unwrap();
        assert_eq!((observer.session_id, observer.mode), (Some(id.parse().unwrap()), Mode::Observe));
        for refused in [
            json!({"mode": "observe"}),
            json!({"mode": "own"}),
            json!({"sessionId": 5}),
            json!({"sessionId": "x"}),
            json!({"session": id}),
        ] {
            assert!(of(refused.clone()).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_servers_order_decides_the_codec() {
        let of = |offers: &[&str]| {
            let mut headers = HeaderMap::new();
            for offer in offers {
                headers.append(header::SEC_WEBSOCKET_PROTOCOL, offer.parse().unwrap());
            }
            codec(&headers).ok()
        };
        assert_eq!(of(&["capture.v1.json, capture.v1.msgpack"]), Some(Codec::MessagePack));
        assert_eq!(of(&["other", "capture.v1.json"]), Some(Codec::Json));
        assert_eq!(of(&["capture.v2.json"]), None);
        assert_eq!(of(&[]), None);
    }
}
