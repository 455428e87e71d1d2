//! Why a connection was not made, and a bounded memory of such failures. Chromium reports every failure of a SOCKS
//! proxy as one error.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::host;

/// Maximum number of failures kept per context; of each target only the newest.
const MAX_KEPT: usize = 64;
/// The reason of a `goto` error when the policy denied the connection.
pub const BLOCKED_REASON: &str = "blocked_by_egress_policy";

/// The part of the policy that denied a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Why {
    /// 127.0.0.0/8, `::1` and `localhost`.
    #[error("it is a loopback address")]
    Loopback,
    /// RFC 1918, unique local and site-local addresses.
    #[error("it is a private address")]
    Private,
    /// 169.254.0.0/16 and `fe80::/10`.
    #[error("it is a link-local address")]
    LinkLocal,
    /// 100.64.0.0/10.
    #[error("it is an address behind a carrier's NAT")]
    Shared,
    /// An address of one of this machine's interfaces.
    #[error("it is an address of this machine")]
    ThisMachine,
    /// An address at which a cloud hands out credentials. Only a rule for exactly this address allows it.
    #[error("it is a cloud's metadata address")]
    Metadata,
    /// A multicast address.
    #[error("it is a multicast address")]
    Multicast,
    /// NAT64, 6to4, Teredo and other IPv6 addresses that contain an IPv4 address.
    #[error("it is an IPv6 address that stands for an IPv4 address")]
    Translated,
    /// Any other address that is not allocated to the public.
    #[error("it is a reserved address")]
    Reserved,
    /// A port of this service itself, or one that it forbade. No rule allows it.
    #[error("it is a port of this service")]
    OwnPort,
    /// A deny rule.
    #[error("a rule denies it")]
    Rule,
    /// The target is neither a host name nor an address, or its port is 0.
    #[error("it is not a valid host and port")]
    Malformed,
    /// The port denies all connections.
    #[error("this part of the browser has no network")]
    Shut,
}

impl Why {
    /// Whether allowing private addresses allows it.
    pub(super) fn is_private(self) -> bool {
        matches!(self, Self::Loopback | Self::Private | Self::LinkLocal | Self::Shared | Self::ThisMachine)
    }
}

/// Why a user's proxy could not be used. The value never contains its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamFailure {
    /// The policy denies the proxy's address.
    #[error("the egress policy denies its address: {0}")]
    Blocked(Why),
    /// The proxy's name does not resolve.
    #[error("its name could not be resolved")]
    NameNotResolved,
    /// The proxy's address does not accept connections.
    #[error("it could not be reached")]
    Unreachable,
    /// The proxy did not answer in time.
    #[error("it did not answer in time")]
    TimedOut,
    /// The proxy refused the credentials.
    #[error("it refused the credentials")]
    AuthRefused,
    /// The proxy did not connect to the target. Holds its HTTP status or SOCKS reply.
    #[error("it refused the connection ({0})")]
    Refused(u16),
    /// The proxy's certificate is not valid for its name.
    #[error("its certificate is not valid")]
    Certificate,
    /// The proxy's answer violates its protocol or is too long.
    #[error("its answer makes no sense")]
    BadAnswer,
}

/// Why a connection was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The policy denied the target.
    #[error("the egress policy denies it: {0}")]
    Blocked(Why),
    /// The name does not resolve.
    #[error("the host name could not be resolved")]
    NameNotResolved,
    /// The target refused the connection.
    #[error("the connection was refused")]
    Refused,
    /// There is no route to the target.
    #[error("the address could not be reached")]
    Unreachable,
    /// The target did not answer in time.
    #[error("the connection timed out")]
    TimedOut,
    /// The user's proxy could not be used.
    #[error("the proxy failed: {0}")]
    Upstream(UpstreamFailure),
    /// The context has too many connections.
    #[error("too many connections at once")]
    Busy,
}

impl Failure {
    /// Chromium's name for this failure.
    pub fn chromium_error(&self) -> &'static str {
        match self {
            Self::Blocked(_) | Self::Upstream(UpstreamFailure::Blocked(_)) => "net::ERR_BLOCKED_BY_ADMINISTRATOR",
            Self::NameNotResolved => "net::ERR_NAME_NOT_RESOLVED",
            Self::Refused => "net::ERR_CONNECTION_REFUSED",
            Self::Unreachable => "net::ERR_ADDRESS_UNREACHABLE",
            Self::TimedOut => "net::ERR_CONNECTION_TIMED_OUT",
            Self::Upstream(UpstreamFailure::AuthRefused) => "net::ERR_PROXY_AUTH_REQUESTED",
            Self::Upstream(UpstreamFailure::Certificate) => "net::ERR_PROXY_CERTIFICATE_INVALID",
            Self::Upstream(UpstreamFailure::Refused(_)) => "net::ERR_TUNNEL_CONNECTION_FAILED",
            Self::Upstream(_) => "net::ERR_PROXY_CONNECTION_FAILED",
            Self::Busy => "net::ERR_INSUFFICIENT_RESOURCES",
        }
    }

    /// [`BLOCKED_REASON`] if the policy denied the connection.
    pub fn reason(&self) -> Option<&'static str> {
        let blocked = matches!(self, Self::Blocked(_) | Self::Upstream(UpstreamFailure::Blocked(_)));
        blocked.then_some(BLOCKED_REASON)
    }
}

/// A target that the policy denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Host in the form in which the policy checked it: lower case, addresses in canonical form without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The part of the policy that denied it.
    pub why: Why,
}

/// The newest failure of each recent target, oldest first.
#[derive(Debug, Default)]
pub(super) struct Failures {
    kept: VecDeque<Record>,
    busy: Option<Instant>,
}

#[derive(Debug)]
struct Record {
    host: String,
    port: u16,
    failure: Failure,
    at: Instant,
}

impl Failures {
    pub(super) fn add(&mut self, host: &str, port: u16, failure: Failure) {
        let host = host::shown(host);
        self.kept.retain(|record| record.host != host || record.port != port);
        if self.kept.len() >= MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Record { host, port, failure, at: Instant::now() });
    }

    /// Records that a connection was closed before it could send its target.
    pub(super) fn busy(&mut self) {
        self.busy = Some(Instant::now());
    }

    pub(super) fn newest(&self, host: &str, port: u16, since: Instant) -> Option<Failure> {
        let host = host::shown(host);
        let record = self.kept.iter().find(|record| record.host == host && record.port == port && record.at >= since);
        let busy = || self.busy.filter(|at| *at >= since).map(|_| Failure::Busy);
        record.map(|record| record.failure).or_else(busy)
    }

    pub(super) fn last_blocked(&self, since: Instant) -> Option<Blocked> {
        let denied = |record: &Record| match record.failure {
            Failure::Blocked(why) => Some(Blocked { host: record.host.clone(), port: record.port, why }),
            _ => None,
        };
        self.kept.iter().rev().take_while(|record| record.at >= since).find_map(denied)
    }
}
