//! The user's own proxy: its address, and the way through it. Chromium never learns of it.
//!
//! Names are handed to it unresolved. What they resolve to here says nothing about where the proxy would go, and its network is
//! not ours to protect; its own address is judged like any other target, so it cannot be a way back to us.

mod http;
mod plain;
mod socks5;
mod tls;

use std::{fmt, str, time::Duration};

use percent_encoding::percent_decode_str;
use tokio::{net::TcpStream, time::timeout};

pub(super) use self::{plain::Plain, tls::Tls};
use super::{UpstreamFailure, host::Host, wire::Wire};

/// Longer than any that makes sense.
const MAX_URL: usize = 2048;
/// How long the proxy may take to make the connection, once it was reached.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// A proxy: `http://`, `https://`, `socks5://` or `socks5h://`, with or without credentials. Never shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    host: Host,
    port: u16,
    credentials: Option<Credentials>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    user: String,
    password: String,
}

/// Why an address is of no proxy. Never repeats what was given: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Not of the form `scheme://[user:password@]host[:port]`.
    #[error("a proxy is given as scheme://[user:password@]host[:port]")]
    Form,
    /// Another scheme.
    #[error("a proxy's scheme is http, https, socks5 or socks5h")]
    Scheme,
    /// Credentials this kind of proxy cannot be given.
    #[error("the proxy's user name or password has characters or a length that cannot be sent")]
    Credentials,
}

impl Upstream {
    /// Reads `scheme://[user:password@]host[:port]`; user and password percent-encoded. Ports default to 80, 443 and 1080.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, UpstreamError> {
        let odd = |char: char| char.is_control() || char.is_whitespace() || char == '\\';
        if url.len() > MAX_URL || url.contains(odd) {
            return Err(UpstreamError::Form); // the parser would leave some of them out
        }
        let url = url::Url::parse(url).or(Err(UpstreamError::Form))?;
        let (scheme, default_port) = match url.scheme() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            "socks5" | "socks5h" => (Scheme::Socks5, 1080),
            _ => return Err(UpstreamError::Scheme),
        };
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let host =
            url.host_str().filter(|_| bare).and_then(|host| Host::parse(host).ok()).ok_or(UpstreamError::Form)?;
        let port = url.port().unwrap_or(default_port);
        if port == 0 {
            return Err(UpstreamError::Form);
        }
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(Credentials::parse(user, password.unwrap_or_default(), scheme)?),
        };
        Ok(Self { scheme, host, port, credentials })
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether it would also take requests in absolute form.
    pub(super) fn speaks_http(&self) -> bool {
        self.scheme != Scheme::Socks5
    }

    /// Makes a connection to the target through an open one to the proxy; returns it with what the target said already.
    pub(super) async fn tunnel(
        &self,
        stream: TcpStream,
        tls: &Tls,
        host: &Host,
        port: u16,
    ) -> Result<(Wire, Vec<u8>), UpstreamFailure> {
        let asked = async {
            let mut wire = self.secure(stream, tls).await?;
            let early = match self.scheme {
                Scheme::Http | Scheme::Https => http::connect(&mut wire, self.credentials.as_ref(), host, port).await?,
                Scheme::Socks5 => {
                    socks5::connect(&mut wire, self.credentials.as_ref(), host, port).await?;
                    Vec::new()
                }
            };
            Ok((wire, early))
        };
        timeout(HANDSHAKE, asked).await.unwrap_or(Err(UpstreamFailure::TimedOut))
    }

    /// Makes an open connection one that takes a request for this host in absolute form.
    pub(super) async fn plain(
        &self,
        stream: TcpStream,
        tls: &Tls,
        host: &Host,
    ) -> Result<(Wire, Plain), UpstreamFailure> {
        let wire = timeout(HANDSHAKE, self.secure(stream, tls)).await.unwrap_or(Err(UpstreamFailure::TimedOut))?;
        Ok((wire, Plain::new(host, self.credentials.as_ref())))
    }

    async fn secure(&self, stream: TcpStream, tls: &Tls) -> Result<Wire, UpstreamFailure> {
        match self.scheme {
            Scheme::Http | Scheme::Socks5 => Ok(Wire::Plain(stream)),
            Scheme::Https => tls.secure(stream, &self.host).await,
        }
    }
}

impl Credentials {
    fn parse(user: &str, password: &str, scheme: Scheme) -> Result<Self, UpstreamError> {
        let (user, password) = (decoded(user)?, decoded(password)?);
        let possible = match scheme {
            Scheme::Http | Scheme::Https => !user.contains(':'), // RFC 7617
            Scheme::Socks5 => (1..=255).contains(&user.len()) && password.len() <= 255, // RFC 1929
        };
        possible.then_some(Self { user, password }).ok_or(UpstreamError::Credentials)
    }
}

fn decoded(text: &str) -> Result<String, UpstreamError> {
    let text = percent_decode_str(text).decode_utf8().or(Err(UpstreamError::Credentials))?;
    if text.contains(char::is_control) { Err(UpstreamError::Credentials) } else { Ok(text.into_owned()) }
}

/// `host` and `port` as HTTP writes them.
fn authority(host: &Host, port: Option<u16>) -> String {
    let host = match host {
        Host::Address(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        other => other.to_string(),
    };
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Socks5 => "socks5",
        };
        write!(formatter, "{scheme}://{}", authority(&self.host, Some(self.port)))
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl str::FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(url: &str) -> Result<Self, UpstreamError> {
        Self::parse(url)
    }
}
