//! Sends one HTTP request in absolute form, for proxies that make no tunnels to port 80, as is the default of Squid.
//!
//! This is the only place that parses data of pages. The head is split into lines, and anything that is not plain
//! HTTP/1.1 is dropped. `Connection: close` makes it the only request of its connection. `WebSocket` does not work this
//! way.

use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{
    Credentials, authority,
    http::{after_head, authorization},
};
use crate::egress::host::Host;

/// Maximum bytes of the head of the page's request. What Chromium sends depends mostly on its cookies.
const MAX_HEAD: usize = 64 * 1024;
/// Headers that apply only between two hops.
const HOP_BY_HOP: [&str; 6] =
    ["connection", "keep-alive", "proxy-authorization", "proxy-connection", "proxy-authenticate", "upgrade"];

/// What is inserted into the request.
pub(in crate::egress) struct Plain {
    origin: String,
    authorization: String,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Plain").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Plain {
    pub(super) fn new(host: &Host, credentials: Option<&Credentials>) -> Self {
        let authorization = credentials.map(authorization).unwrap_or_default();
        Self { origin: format!("http://{}", authority(host, None)), authorization }
    }

    /// Reads the client's request, which may have begun with `early`, up to the end of its head, and returns what to
    /// send instead. It waits as long as the client does, because browsers connect before they have a request.
    ///
    /// # Cancel safety
    /// Not cancel safe: bytes that were read are lost when the future is dropped.
    pub(in crate::egress) async fn request(&self, client: &mut TcpStream, early: Vec<u8>) -> Option<Vec<u8>> {
        let mut bytes = early;
        loop {
            if let Some(rest) = after_head(&bytes) {
                let body = bytes.split_off(rest);
                let mut request = self.head(&bytes)?.into_bytes();
                request.extend_from_slice(&body);
                return Some(request);
            }
            let room = MAX_HEAD.saturating_sub(bytes.len()) as u64;
            if (&mut *client).take(room).read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// The head to send; `None` if the input is not a plain request.
    pub(super) fn head(&self, head: &[u8]) -> Option<String> {
        let head = str::from_utf8(head).ok()?.strip_suffix("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, path, version) = (words.next()?, words.next()?, words.next()?);
        let plain = is_token(method) && path.starts_with('/') && is_visible(path) && version == "HTTP/1.1";
        if !plain || words.next().is_some() {
            return None;
        }
        let mut request = format!("{method} {}{path} HTTP/1.1\r\n", self.origin);
        for line in lines {
            let (name, value) = line.split_once(':')?;
            if !is_token(name) || value.contains(['\r', '\n', '\0']) {
                return None;
            }
            if !HOP_BY_HOP.iter().any(|hop| name.eq_ignore_ascii_case(hop)) {
                request.push_str(line);
                request.push_str("\r\n");
            }
        }
        request.push_str("Connection: close\r\n");
        request.push_str(&self.authorization);
        request.push_str("\r\n");
        Some(request)
    }
}

fn is_token(text: &str) -> bool {
    // RFC 9110, section 5.6.2
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
