//! SOCKS5 as clients of a port speak it (RFC 1928): no authentication, CONNECT only. Pure; the reading is not known here.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Failure;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;

/// More than the longest greeting (257 bytes) and the longest request (262 bytes) together.
pub(super) const MAX_HANDSHAKE: usize = 520;
/// The answer to a greeting we can serve.
pub(super) const GREETED: [u8; 2] = [VERSION, NO_AUTHENTICATION];
/// Connected. The address and port in it mean nothing to anyone.
pub(super) const CONNECTED: [u8; 10] = reply(0);

/// Where the client wants to go, as it said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// Addresses in their usual form; what is not UTF-8 is replaced, and then is no host.
    pub(super) host: String,
    pub(super) port: u16,
}

/// What cannot be served, with what to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another protocol: nothing is answered.
    NotSocks,
    /// The client insists on authentication.
    NoMethod,
    /// BIND or UDP ASSOCIATE.
    Command,
    /// Not an address type of the RFC.
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

/// The reply nearest to the failure; Chromium shows them all alike.
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

/// Reads a greeting: how many bytes it has, `None` while it is incomplete.
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

/// Reads a request, and what came after it; `None` while it is incomplete.
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
