//! The way to a session of another instance: its bytes pass through here as they are.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, header};
use capture_core::{Caller, Error, ErrorCode, account::Connect};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use super::{PATH, token};
use crate::{app::App, client_address::Source};

/// What reaching the other instance and its answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest head of its answer.
const MAX_HEAD: usize = 16 * 1024;
/// Between two looks whether the session still lives: the way to its owner may end without a word.
const LOOK: Duration = Duration::from_secs(10);

/// A connection to the instance at `address` that has been upgraded for this client.
///
/// # Errors
/// `unavailable`: it cannot be reached, or does not let the client in.
pub(super) async fn open(
    address: &str,
    headers: &HeaderMap,
    token: &str,
    source: Option<Source>,
) -> Result<TcpStream, Error> {
    let opened = tokio::time::timeout(TIMEOUT, upgrade(address, headers, token, source)).await;
    let why = match opened {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(why)) => why,
        Err(_elapsed) => format!("no answer within {} s", TIMEOUT.as_secs()),
    };
    tracing::warn!(address, why, "the instance that has a session cannot be reached for its CDP client");
    Err(Error::new(ErrorCode::Unavailable, "the instance that has this session cannot be reached")
        .with_reason("owner_unreachable")
        .with_retry_after(Duration::from_secs(2)))
}

async fn upgrade(address: &str, headers: &HeaderMap, token: &str, source: Option<Source>) -> Result<TcpStream, String> {
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("its address names no host".to_owned());
    };
    if url.scheme() != "http" {
        return Err("only http addresses can be spliced to; advertise one of the inner network".to_owned());
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    // Counts there only where the operator lists the instances among the trusted proxies.
    let client = source.map(|source| format!("x-forwarded-for: {}\r\n", source.address())).unwrap_or_default();
    // The token is base64url and full stops, the key was judged: nothing of them ends a line.
    let request = format!(
        "GET {path}{PATH}?token={token} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n{client}\r\n"
    );
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut stream = TcpStream::connect((bare, port)).await.map_err(|error| error.to_string())?;
    let _ = stream.set_nodelay(true); // a connection without it works too
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let head = head(&mut stream).await?;
    if head.starts_with("HTTP/1.1 101 ") { Ok(stream) } else { Err(head.lines().next().unwrap_or_default().to_owned()) }
}

/// Reads no byte more than the head: what follows is the client's.
async fn head(stream: &mut TcpStream) -> Result<String, String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD {
            return Err("its answer is too long".to_owned());
        }
        head.push(stream.read_u8().await.map_err(|error| error.to_string())?);
    }
    String::from_utf8(head).map_err(|error| error.to_string())
}

/// Completes when the session has ended or the client may not be there any more, as far as it can be told.
pub(super) async fn over(app: Arc<App>, connect: Connect) {
    let revoked = token::revoked(Arc::clone(&app), connect.clone());
    tokio::select! {
        () = ended(app, connect) => {}
        () = revoked => {}
    }
}

async fn ended(app: Arc<App>, connect: Connect) {
    loop {
        tokio::time::sleep(LOOK).await;
        let found = app.sessions().get(Caller::user(connect.user.clone()), connect.session).await;
        let ended = match found {
            Ok(view) => !view.is_active(),
            Err(error) => error.code() == ErrorCode::SessionNotFound,
        };
        if ended {
            return;
        }
    }
}
