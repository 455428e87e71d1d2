//! The part of SOCKS5 that clients of a port use (RFC 1928): no authentication, and only CONNECT. This module is pure,
//! and must not know how bytes are read.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Failure;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;

/// More bytes than the longest greeting (257) and the longest request (262) together.
pub(super) const MAX_HANDSHAKE: usize = 520;
/// The answer to an acceptable greeting.
pub(super) const GREETED: [u8; 2] = [VERSION, NO_AUTHENTICATION];
/// The answer that the connection was made. Its address and port have no meaning.
pub(super) const CONNECTED: [u8; 10] = reply(0);

/// The requested target, as the client sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// An address in canonical form, or a name. Bytes that are not UTF-8 are replaced, which makes the name invalid.
    pub(super) host: String,
    pub(super) port: u16,
}

/// A request that cannot be served, which determines the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The client uses another protocol. There is no answer.
    NotSocks,
    /// The client requires authentication.
    NoMethod,
    /// The command is BIND or UDP ASSOCIATE.
    Command,
    /// The address type is not one of the RFC.
    AddressType,
}

impl Refusal {
    pub(super) fn answer(self) -> Vec<u8> {
        match self {
            Self::NotSocks => Vec::new(),
            Self::NoMethod => vec![VERSION, NO_ACCEPTABLE_METHOD],
            Self::Command => reply(7).to_vec(),
            Self::AddressType => reply(8).to_vec(),
        }
    }
}

/// The reply code closest to the failure. Chromium reports all of them as one error.
pub(super) fn failed(failure: Failure) -> [u8; 10] {
    reply(match failure {
        Failure::Blocked(_) => 2,
        Failure::NameNotResolved | Failure::Unreachable | Failure::TimedOut => 4,
        Failure::Refused => 5,
        Failure::Upstream(_) | Failure::Busy => 1,
    })
}

const fn reply(code: u8) -> [u8; 10] {
    [VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

/// Parses a greeting and returns its length in bytes; `None` while it is incomplete.
pub(super) fn greeting(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    match bytes {
        [] | [VERSION] => Ok(None),
        [VERSION, count, rest @ ..] => match rest.get(..usize::from(*count)) {
            None => Ok(None),
            Some(methods) if methods.contains(&NO_AUTHENTICATION) => Ok(Some(2 + methods.len())),
            Some(_) => Err(Refusal::NoMethod),
        },
        _ => Err(Refusal::NotSocks),
    }
}

/// Parses a request and returns it with the bytes after it; `None` while it is incomplete.
pub(super) fn request(bytes: &[u8]) -> Result<Option<(Request, &[u8])>, Refusal> {
    let (kind, rest) = match bytes {
        [VERSION, CONNECT, 0, kind, rest @ ..] => (kind, rest),
        [] | [VERSION] | [VERSION, _] | [VERSION, _, 0] => return Ok(None),
        [VERSION, _, 0, ..] => return Err(Refusal::Command),
        _ => return Err(Refusal::NotSocks),
    };
    let host = match kind {
        1 => rest.split_first_chunk().map(|(address, rest)| (Ipv4Addr::from_octets(*address).to_string(), rest)),
        3 => name(rest),
        4 => rest.split_first_chunk().map(|(address, rest)| (Ipv6Addr::from_octets(*address).to_string(), rest)),
        _ => return Err(Refusal::AddressType),
    };
    Ok(host.and_then(|(host, rest)| {
        let (port, rest) = rest.split_first_chunk()?;
        Some((Request { host, port: u16::from_be_bytes(*port) }, rest))
    }))
}

fn name(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((String::from_utf8_lossy(name).into_owned(), rest))
}
