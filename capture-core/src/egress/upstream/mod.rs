//! A user's own proxy: its address, and connections through it. Chromium is never told of it.
//!
//! The proxy gets names unresolved. What they resolve to here says nothing about where the proxy would connect, and its
//! network is not ours to protect. The proxy's own address is checked like any other target, so it cannot be used to
//! reach this service.

mod http;
mod plain;
mod socks5;
mod tls;

use std::{fmt, str, time::Duration};

use percent_encoding::percent_decode_str;
use tokio::{net::TcpStream, time::timeout};

pub(super) use self::{plain::Plain, tls::Tls};
use super::{UpstreamFailure, host::Host, wire::Wire};

/// Maximum characters of a URL, longer than any reasonable one.
const MAX_URL: usize = 2048;
/// How long the proxy may take to connect to the target, once it was reached.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// A proxy with scheme `http://`, `https://`, `socks5://` or `socks5h://`, with or without credentials. Its `Debug`
/// form hides the credentials.
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

/// Why a text is not the URL of a proxy. The value never contains the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// The text does not have the form `scheme://[user:password@]host[:port]`.
    #[error("a proxy is given as scheme://[user:password@]host[:port]")]
    Form,
    /// The scheme is not supported.
    #[error("a proxy's scheme is http, https, socks5 or socks5h")]
    Scheme,
    /// The credentials cannot be sent to this kind of proxy.
    #[error("the proxy's user name or password has characters or a length that cannot be sent")]
    Credentials,
}

impl Upstream {
    /// Parses `scheme://[user:password@]host[:port]`; user and password are percent-encoded. The default ports are 80,
    /// 443 and 1080.
    ///
    /// # Errors
    /// What is wrong with the URL, as an [`UpstreamError`].
    pub fn parse(url: &str) -> Result<Self, UpstreamError> {
        let odd = |char: char| char.is_control() || char.is_whitespace() || char == '\\';
        if url.len() > MAX_URL || url.contains(odd) {
            return Err(UpstreamError::Form); // the parser would ignore some of these characters
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

    /// Whether the proxy also accepts requests in absolute form.
    pub(super) fn speaks_http(&self) -> bool {
        self.scheme != Scheme::Socks5
    }

    /// Connects to the target through an open connection to the proxy. Returns the connection with the bytes of the
    /// target that have already arrived.
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

    /// Prepares an open connection for a request to this host in absolute form.
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

/// `host` and `port` in the form of HTTP.
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
