//! One rule of an allow or deny list.

use std::{net::IpAddr, str::FromStr};

use super::{
    address::{Network, NetworkError},
    host::{Host, Name},
};

/// A network, an address or a name, each with all ports or with one port.
///
/// | text | matches |
/// |---|---|
/// | `10.0.0.0/8`, `fd00::/8` | every address in it |
/// | `10.1.2.3`, `fd00::1` | this address |
/// | `127.0.0.1:3000`, `[fd00::1]:8080` | this address and port |
/// | `example.com` | this name and every name below it |
/// | `*.example.com` | only the names below it |
/// | `example.com:443` | this name and every name below it, with one port |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    subject: Subject,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Network(Network),
    Name { name: Name, itself: bool },
}

/// The error for a text that is not a [`Rule`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no egress rule: {why}")]
pub struct RuleError {
    text: String,
    why: &'static str,
}

impl Rule {
    /// Whether the rule matches this address and port.
    pub(super) fn has_address(&self, address: IpAddr, port: u16) -> bool {
        matches!(&self.subject, Subject::Network(network) if network.contains(address)) && self.has_port(port)
    }

    /// Whether the rule matches this address and no other.
    pub(super) fn has_only_address(&self, address: IpAddr, port: u16) -> bool {
        matches!(&self.subject, Subject::Network(network) if network.is_single()) && self.has_address(address, port)
    }

    /// Whether the rule matches this name and port.
    pub(super) fn has_name(&self, name: &Name, port: u16) -> bool {
        match &self.subject {
            Subject::Network(_) => false,
            Subject::Name { name: own, itself } => {
                (name.is_below(own.as_str()) || (*itself && name == own)) && self.has_port(port)
            }
        }
    }

    fn has_port(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains('/') {
            let network = text.parse().map_err(|NetworkError(why)| why)?;
            return Ok(Self { subject: Subject::Network(network), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(parse_port(port)?)),
            _ => (text, None), // there is no colon, or the text is a bare IPv6 address
        };
        let (pattern, itself) = match host.strip_prefix("*.") {
            Some(pattern) => (pattern, false),
            None => (host, true),
        };
        let subject = match Host::parse(pattern) {
            Ok(Host::Address(address)) if itself => Subject::Network(Network::single(address)),
            Ok(Host::Name(name)) => Subject::Name { name, itself },
            _ => return Err("expected an address, a network or a host name, with or without a port"),
        };
        Ok(Self { subject, port })
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        Self::parse(text).map_err(|why| RuleError { text: text.to_owned(), why })
    }
}

fn parse_port(text: &str) -> Result<u16, &'static str> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("the port is not a number from 1 to 65535"),
    }
}
