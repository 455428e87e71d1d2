//! The host that a client names as its target. Every text becomes an address or a plain host name, or is refused. This
//! module is pure.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Maximum characters of a name (RFC 1035), without the final dot.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host name: lower case, without a final dot, of letters, digits, `-` and `_`; never a numeric form of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is `localhost` or below it, which means this machine whatever a resolver says (RFC 6761).
    pub(super) fn is_localhost(&self) -> bool {
        self.is_or_below("localhost")
    }

    pub(super) fn is_or_below(&self, other: &str) -> bool {
        self.0 == other || self.is_below(other)
    }

    pub(super) fn is_below(&self, other: &str) -> bool {
        self.0.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'))
    }
}

/// An address or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// An address, never an IPv4-mapped IPv6 address.
    Address(IpAddr),
    Name(Name),
}

/// The error for a text that is neither an address nor a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a host name")]
pub(super) struct Malformed;

impl Host {
    /// The addresses of `localhost`.
    pub(super) const LOCALHOST: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

    /// Parses a host. Browsers accept `0x7f.1`, `2130706433` and `127.1` as addresses, so this uses a browser's parser.
    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        if text.contains(':') {
            let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            let address: Ipv6Addr = bracketed.unwrap_or(text).parse().or(Err(Malformed))?; // zones do not parse
            return Ok(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.len() > MAX_NAME || !name.split('.').all(is_label) {
            return Err(Malformed);
        }
        match url::Host::parse(name) {
            Ok(url::Host::Ipv4(address)) => Ok(Self::Address(IpAddr::V4(address))),
            Ok(url::Host::Domain(name)) => Ok(Self::Name(Name(name))),
            Ok(url::Host::Ipv6(_)) | Err(_) => Err(Malformed),
        }
    }
}

fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !label.is_empty() && label.len() <= MAX_LABEL && label.bytes().all(plain)
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(formatter),
            Self::Name(name) => formatter.write_str(name.as_str()),
        }
    }
}

/// The host as it is compared and kept: its canonical form if it has one, otherwise a bounded part of the text.
pub(super) fn shown(text: &str) -> String {
    match Host::parse(text) {
        Ok(host) => host.to_string(),
        Err(Malformed) => text.chars().filter(|char| !char.is_control()).take(MAX_NAME).collect(),
    }
}
