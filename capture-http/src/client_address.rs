//! The origin of a request: the address of the connection or, behind proxies that the operator trusts, the address that
//! these report.
//!
//! The only place that reads `X-Forwarded-For`. Whatever is counted by address is counted by [`Source`].

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use capture_core::egress::{Network, NetworkError};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address at the other end of a connection, which may be that of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The unit that counts as one client address: an IPv4 address or an IPv6 /64, because a household or a host owns a
/// whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The source that this address belongs to.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            address @ IpAddr::V4(_) => address,
        })
    }

    /// The first address of the source.
    pub fn address(self) -> IpAddr {
        self.0
    }
}

/// The proxies whose `X-Forwarded-For` is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl FromStr for TrustedProxies {
    type Err = NetworkError;

    /// Parses addresses and networks, separated by commas.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        text.split(',').map(|network| network.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    /// Whether this address is a trusted proxy, which must not be counted as one client.
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// The address from which a request over a connection of `peer` was sent.
    ///
    /// Each proxy appends the address it received the request from. The list is therefore read from its right end while
    /// the address that reported an entry is trusted. Entries that a client invented stand further to the left and are
    /// never reached. An entry that is not an address ends the reading.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FORWARDED_FOR).iter().rev().map(HeaderValue::as_bytes);
        let mut told = lines.flat_map(|line| line.rsplit(|byte| *byte == b',')).map(forwarded);
        let mut client = peer;
        while self.trust(client)
            && let Some(Some(before)) = told.next()
        {
            client = before;
        }
        client
    }
}

/// Parses one entry of the list; some proxies append the port.
fn forwarded(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let plain = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    plain.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, told: &[&str]) -> String {
        let trusted = if trusted.is_empty() { TrustedProxies::default() } else { trusted.parse().unwrap() };
        let mut headers = HeaderMap::new();
        for line in told {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        trusted.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("", "10.0.0.1", &["203.0.113.7"]), "10.0.0.1", "no proxy is trusted");
        assert_eq!(client("10.0.0.0/8", "198.51.100.1", &["203.0.113.7"]), "198.51.100.1", "not this one");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.0/8", "::ffff:10.0.0.1", &["203.0.113.7"]), "203.0.113.7", "an IPv4-mapped peer");
        assert_eq!(client("fd00::/8", "fd00::1", &["2001:db8::7"]), "2001:db8::7");
    }

    #[test]
    fn the_list_is_read_from_the_right_and_what_a_client_wrote_is_not_reached() {
        let told = |lines: &[&str]| client("10.0.0.0/8,192.0.2.1", "10.0.0.1", lines);
        assert_eq!(told(&["1.1.1.1, 203.0.113.7, 192.0.2.1, 10.9.9.9"]), "203.0.113.7", "two further proxies");
        assert_eq!(told(&["1.1.1.1", "203.0.113.7", "10.2.2.2"]), "203.0.113.7", "one header or many is the same");
        assert_eq!(told(&["10.3.3.3, 10.2.2.2"]), "10.3.3.3", "a client that is itself in a trusted network");
        assert_eq!(told(&[]), "10.0.0.1", "a proxy that tells nothing");
    }

    #[test]
    fn what_is_no_address_ends_the_reading() {
        let told = |lines: &[&str]| client("10.0.0.0/8", "10.0.0.1", lines);
        assert_eq!(told(&["203.0.113.7, unknown, 10.2.2.2"]), "10.2.2.2");
        for nonsense in ["", " ", ",", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "[::1", "localhost:80", "\u{fffd}"] {
            assert_eq!(told(&[nonsense]), "10.0.0.1", "{nonsense:?}");
        }
    }

    #[test]
    fn an_entry_may_have_a_port() {
        let told = |entry: &str| client("10.0.0.0/8", "10.0.0.1", &[entry]);
        assert_eq!(told("203.0.113.7:4711"), "203.0.113.7");
        assert_eq!(told("[2001:db8::7]:4711"), "2001:db8::7");
        assert_eq!(told("[2001:db8::7]"), "2001:db8::7");
    }

    #[test]
    fn one_ipv6_network_is_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:ffff:1:2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:10.0.0.1"), source("10.0.0.1"));
        assert_ne!(source("10.0.0.1"), source("10.0.0.2"));
    }

    #[test]
    fn a_list_of_proxies_has_addresses_and_networks() {
        for good in ["127.0.0.1", "10.0.0.0/8, fd00::/8", "::1,192.0.2.0/24"] {
            assert!(good.parse::<TrustedProxies>().is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.1/8", "10.0.0.0/33", "nginx", "127.0.0.1,", "::ffff:10.0.0.0/104", "127.0.0.1:80"] {
            assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
        }
    }
}
