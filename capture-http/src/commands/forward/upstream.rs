//! The server that has the session, as one user reaches it: one connection per request, with the user's token.
//!
//! Knows nothing of the tools at the port.

use std::{io, sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use capture_core::{session::SessionId, tasks::Tasks, tls};
use http_body_util::{BodyExt, Limited};
use hyper::{Method, Request, Response, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use url::Url;

use crate::{config::Token, failure::Failure};

/// How long connecting and receiving the head of an answer may take. The server itself waits 10 s for a browser.
const ANSWER: Duration = Duration::from_secs(20);
/// How long receiving the body of an answer may take.
const REST: Duration = Duration::from_secs(30);
/// Longest answer that is not a WebSocket, in bytes. The description of the protocol has 335 KB.
const MAX_ANSWER: usize = 16 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    /// The connection failed.
    #[error("the server cannot be reached: {0}")]
    Io(#[from] io::Error),
    /// The other side does not answer in valid HTTP.
    #[error("the server does not answer as it should: {0}")]
    Http(#[from] hyper::Error),
    /// No answer arrived in time.
    #[error("the server did not answer in time")]
    Late,
    /// The body is longer than [`MAX_ANSWER`] or incomplete.
    #[error("the answer of the server is too long or broken off")]
    Broken,
}

/// A connection, with or without TLS.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A server, a user and a session.
#[derive(Debug)]
pub(super) struct Upstream {
    host: String,
    port: u16,
    /// The value of the `Host` header.
    authority: String,
    /// The part of the path before every request's own.
    base: String,
    secure: bool,
    bearer: String,
    pub(super) session: SessionId,
    /// The tasks of its connections, and of the sockets they became.
    pub(super) tasks: Tasks,
}

impl Upstream {
    pub(super) fn new(url: &Url, token: &Token, session: SessionId) -> Result<Self, Failure> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(Failure::Usage("the address of the server names no host".to_owned()));
        };
        Ok(Self {
            authority: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            base: url.path().trim_end_matches('/').to_owned(),
            secure: url.scheme() == "https",
            bearer: format!("Bearer {}", token.0),
            session,
            tasks: Tasks::default(),
        })
    }

    /// Requests a path of the server, which may include a query. With `key` the request is the upgrade to a WebSocket.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
    ) -> Result<Response<Incoming>, Unreachable> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, &self.bearer);
        if let Some(key) = key {
            request = request
                .header(header::CONNECTION, "upgrade")
                .header(header::UPGRADE, "websocket")
                .header(header::SEC_WEBSOCKET_VERSION, "13")
                .header(header::SEC_WEBSOCKET_KEY, key);
        }
        // All parts were validated before; a request that is malformed nevertheless is not sent.
        let request = request.body(Body::empty()).map_err(io::Error::other)?;
        tokio::time::timeout(ANSWER, self.answer(request)).await.unwrap_or(Err(Unreachable::Late))
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Incoming>, Unreachable> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(self.connect().await?)).await?;
        // An error of the connection also surfaces in the request, or in the WebSocket it became.
        self.tasks.spawn(async move { drop(connection.with_upgrades().await) });
        Ok(sender.send_request(request).await?)
    }

    async fn connect(&self) -> io::Result<Box<dyn Wire>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let _ = stream.set_nodelay(true); // a connection without it works too
        if !self.secure {
            return Ok(Box::new(stream));
        }
        let config = tls::client().ok_or_else(|| io::Error::other("TLS is not there"))?;
        let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        Ok(Box::new(TlsConnector::from(Arc::clone(&config)).connect(name, stream).await?))
    }
}

/// Reads the whole body of an answer.
pub(super) async fn whole(answer: Incoming) -> Result<Bytes, Unreachable> {
    let collected = tokio::time::timeout(REST, Limited::new(answer, MAX_ANSWER).collect()).await;
    let collected = collected.map_err(|_elapsed| Unreachable::Late)?;
    collected.map(http_body_util::Collected::to_bytes).map_err(|_too_long_or_broken| Unreachable::Broken)
}
