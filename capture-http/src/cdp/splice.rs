//! The connection to the instance that has the session; its bytes pass through here unchanged.
//!
//! Knows nothing of the CDP protocol or of WebSocket frames.

use std::{sync::Arc, time::Duration};

use capture_core::{Caller, Error, ErrorCode, account::Connect};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use super::token;
use crate::{app::App, client_address::Source};

/// How long connecting to the other instance and receiving its answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest head of the answer, and longest body of a refusal, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Interval between two checks of whether the session is still active, because the connection to its owner may break
/// silently.
const LOOK: Duration = Duration::from_secs(10);

/// The request to the other instance.
pub(super) struct Wanted<'a> {
    /// Host and port of the instance.
    pub(super) address: &'a str,
    /// Path of the request: `/cdp` or one of Chromium's.
    pub(super) path: &'a str,
    /// The value of `Sec-WebSocket-Key`, already validated.
    pub(super) key: &'a str,
    pub(super) token: &'a str,
    /// The address of the client.
    pub(super) source: Option<Source>,
}

/// An answer that is not an upgrade.
enum Refused {
    /// A refusal in the format of the API.
    Told(Told),
    /// No answer, or an answer that is not one of this server's.
    Unreachable(Unreachable),
}

/// Why another instance gave no answer that can be passed on.
#[derive(Debug, thiserror::Error)]
enum Unreachable {
    #[error(transparent)]
    Address(#[from] url::ParseError),
    #[error("its address names no host")]
    NoHost,
    #[error("only http addresses can be spliced to; advertise one of the inner network")]
    NotHttp,
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("its answer is too long")]
    TooLong,
    #[error(transparent)]
    NotText(#[from] std::string::FromUtf8Error),
    #[error("{0}")]
    Answer(String),
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Silent,
}

/// The body of a refusal.
#[derive(Deserialize)]
struct Told {
    code: ErrorCode,
    error: String,
    reason: Option<String>,
    hint: Option<String>,
}

impl<E: Into<Unreachable>> From<E> for Refused {
    fn from(why: E) -> Self {
        Self::Unreachable(why.into())
    }
}

/// Opens a connection to another instance that has been upgraded for this client.
///
/// # Errors
/// The refusal of the other instance; if the session has ended meanwhile, its end instead. `unavailable` if the
/// instance cannot be reached.
pub(super) async fn to(app: &App, connect: &Connect, wanted: Wanted<'_>) -> Result<TcpStream, Error> {
    let refused = match open(wanted).await {
        Ok(stream) => return Ok(stream),
        Err(refused) => refused,
    };
    match app.sessions().get(Caller::user(connect.user.clone()), connect.session).await {
        Ok(view) if !view.is_active() => Err(Error::inactive(view)),
        _ => Err(refused),
    }
}

async fn open(wanted: Wanted<'_>) -> Result<TcpStream, Error> {
    let address = wanted.address;
    let why = match tokio::time::timeout(TIMEOUT, upgrade(wanted)).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(Refused::Told(told))) => return Err(told.into()),
        Ok(Err(Refused::Unreachable(why))) => why,
        Err(_elapsed) => Unreachable::Silent,
    };
    tracing::warn!(address, %why, "the instance that has a session cannot be reached for its CDP client");
    Err(Error::new(ErrorCode::Unavailable, "the instance that has this session cannot be reached")
        .with_reason("owner_unreachable")
        .with_retry_after(Duration::from_secs(2)))
}

impl From<Told> for Error {
    fn from(told: Told) -> Self {
        let mut error = Self::new(told.code, told.error);
        if let Some(reason) = told.reason {
            error = error.with_reason(reason);
        }
        if let Some(hint) = told.hint {
            error = error.with_hint(hint);
        }
        error
    }
}

async fn upgrade(wanted: Wanted<'_>) -> Result<TcpStream, Refused> {
    let Wanted { address, path: below, key, token, source } = wanted;
    let url = Url::parse(address)?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(Unreachable::NoHost.into());
    };
    if url.scheme() != "http" {
        return Err(Unreachable::NotHttp.into());
    }
    let path = url.path().trim_end_matches('/');
    // The other instance uses this header only if its operator lists this instance among the trusted proxies.
    let client = source.map(|source| format!("x-forwarded-for: {}\r\n", source.address())).unwrap_or_default();
    // The token is base64url and full stops, and the key and the path were validated, so none of them can end a line.
    let request = format!(
        "GET {path}{below}?token={token} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n{client}\r\n"
    );
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut stream = TcpStream::connect((bare, port)).await?;
    let _ = stream.set_nodelay(true); // a connection without it works too
    stream.write_all(request.as_bytes()).await?;
    let head = head(&mut stream).await?;
    if head.starts_with("HTTP/1.1 101 ") {
        return Ok(stream);
    }
    let told = body(&mut stream, &head).await.and_then(|body| serde_json::from_slice(&body).ok());
    let first_line = || Unreachable::Answer(head.lines().next().unwrap_or_default().to_owned()).into();
    Err(told.map_or_else(first_line, Refused::Told))
}

/// The body after this head, if the head has its length.
async fn body(stream: &mut TcpStream, head: &str) -> Option<Vec<u8>> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let length =
        fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, value)| value).next()?;
    let mut body = vec![0; length.trim().parse().ok().filter(|length| *length <= MAX_HEAD)?];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

/// Reads exactly the head, because the bytes after it belong to the client.
async fn head(stream: &mut TcpStream) -> Result<String, Unreachable> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD {
            return Err(Unreachable::TooLong);
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head)?)
}

/// Completes when the session has ended, or the credential is no longer valid, as far as this can be determined.
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
