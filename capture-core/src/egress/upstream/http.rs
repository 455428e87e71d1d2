//! CONNECT to an HTTP proxy (RFC 9110, section 9.3.6).

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Credentials, authority};
use crate::egress::{UpstreamFailure, host::Host, wire::Wire};

/// Maximum bytes of the head of the proxy's answer.
const MAX_HEAD: usize = 16 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Requests a connection. Returns the bytes of the target that have already arrived.
pub(super) async fn connect(
    wire: &mut Wire,
    credentials: Option<&Credentials>,
    host: &Host,
    port: u16,
) -> Result<Vec<u8>, UpstreamFailure> {
    let target = authority(host, Some(port));
    let authorization = credentials.map(authorization).unwrap_or_default();
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
    wire.write_all(request.as_bytes()).await.or(Err(UpstreamFailure::BadAnswer))?;
    wire.flush().await.or(Err(UpstreamFailure::BadAnswer))?;
    let (head, early) = read_head(wire).await?;
    match status(&head).ok_or(UpstreamFailure::BadAnswer)? {
        200..=299 => Ok(early),
        407 => Err(UpstreamFailure::AuthRefused),
        status => Err(UpstreamFailure::Refused(status)),
    }
}

/// The header line with its line end.
pub(super) fn authorization(credentials: &Credentials) -> String {
    let Credentials { user, password } = credentials;
    format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
}

async fn read_head(wire: &mut Wire) -> Result<(Vec<u8>, Vec<u8>), UpstreamFailure> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if let Some(rest) = after_head(&bytes) {
            let early = bytes.split_off(rest);
            return Ok((bytes, early));
        }
        let room = MAX_HEAD.saturating_sub(bytes.len()) as u64;
        match (&mut *wire).take(room).read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return Err(UpstreamFailure::BadAnswer),
            Ok(_) => {}
        }
    }
}

/// The position of the first byte after the head.
pub(super) fn after_head(bytes: &[u8]) -> Option<usize> {
    let start = bytes.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD)?;
    Some(start + END_OF_HEAD.len())
}

/// The status code of a line such as `HTTP/1.1 200 OK`.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    let mut words = line.splitn(3, ' ');
    let (_minor, status) = (words.next().filter(|minor| matches!(*minor, "0" | "1"))?, words.next()?);
    let three_digits = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
    status.parse().ok().filter(|_| three_digits)
}
