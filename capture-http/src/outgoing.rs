//! Requests that the server itself makes: one request on one connection, with or without TLS, and a bounded answer.
//!
//! Redirects are answers like any other and are never followed. Knows nothing of whom it asks; who may be connected to
//! is decided before.

use std::{io, pin::pin};

use axum::body::Body;
use bytes::Bytes;
use capture_core::tls;
use futures::future::{Either, select};
use http_body_util::{BodyExt, Limited};
use hyper::{Request, Response, client::conn::http1, header, header::HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use url::Url;

/// Longest answer that is read, in bytes. What is asked for here is answered by little more than a status.
const MAX_ANSWER: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The other side does not answer in valid HTTP.
    #[error("the answer is not valid HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// The body is longer than [`MAX_ANSWER`] or incomplete.
    #[error("the answer is too long or broken off")]
    Broken,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Host and port of an http or https address, for the caller that connects.
pub(crate) fn target(url: &Url) -> Option<(&str, u16)> {
    Some((url.host_str()?, url.port_or_known_default()?))
}

/// Connects to an address that the operator has configured.
pub(crate) async fn connect(url: &Url) -> io::Result<TcpStream> {
    let (host, port) = target(url).ok_or_else(|| io::Error::other("the address names no host"))?;
    let stream = TcpStream::connect((bare(host), port)).await?;
    let _ = stream.set_nodelay(true); // a connection without it works too
    Ok(stream)
}

/// Sends a request to the address on this connection, and reads the whole answer. The caller sets the time limit.
///
/// # Errors
/// There is no whole answer. The request may have been carried out nevertheless.
///
/// # Cancel safety
/// Dropping the future closes the connection.
pub(crate) async fn exchange(
    stream: TcpStream,
    url: &Url,
    mut request: Request<Body>,
) -> Result<Response<Bytes>, NoAnswer> {
    let (host, _) = target(url).ok_or_else(|| io::Error::other("the address names no host"))?;
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    request.headers_mut().insert(header::HOST, HeaderValue::from_str(&authority).map_err(io::Error::other)?);
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    *request.uri_mut() = path.parse().map_err(io::Error::other)?;
    let wire = secured(stream, bare(host), url.scheme() == "https").await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await?;
    let answered = async move {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let whole = Limited::new(body, MAX_ANSWER).collect().await.map_err(|_too_long_or_broken| NoAnswer::Broken)?;
        Ok(Response::from_parts(parts, whole.to_bytes()))
    };
    // The connection is driven here, not in a task of its own, so that it ends with this future.
    match select(pin!(answered), pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_ended, answered)) => answered.await,
    }
}

async fn secured(stream: TcpStream, host: &str, is_secure: bool) -> io::Result<Box<dyn Wire>> {
    if !is_secure {
        return Ok(Box::new(stream));
    }
    let config = tls::client().ok_or_else(|| io::Error::other("TLS is not there"))?;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(TlsConnector::from(config).connect(name, stream).await?))
}

/// A host without the brackets that an IPv6 address has in an URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}
