//! Decides which addresses a page may reach, by the table of special-purpose networks. This module is pure, and must
//! not know rules or forbidden ports.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
    str::FromStr,
};

use super::Why;

/// An IPv4 or IPv6 network, written as `10.0.0.0/8` or `fd00::/8`. An address without a prefix is the network of only
/// this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// A network from the first four groups of an IPv6 address; the other four are zero.
    const fn v6(groups: [u16; 4], prefix: u8) -> Self {
        let [a, b, c, d] = groups;
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), prefix }
    }

    /// `None` if the prefix is longer than the address, or if bits after it are set, which is probably a typing error.
    pub(super) fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let (bits, length) = bits(address);
        let network = Self { address, prefix };
        (prefix <= length && network.contains(address) && bits & !mask(prefix, length) == 0).then_some(network)
    }

    /// The network of this address alone.
    pub(super) fn single(address: IpAddr) -> Self {
        Self { address, prefix: bits(address).1 }
    }

    pub(super) fn is_single(&self) -> bool {
        self.prefix == bits(self.address).1
    }

    /// Whether the address is in the network. IPv4-mapped addresses are compared as IPv6 addresses.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, length) = bits(self.address);
        let (other, other_length) = bits(address);
        length == other_length && (own ^ other) & mask(self.prefix, length) == 0
    }
}

/// The error for a text that is not a [`Network`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NetworkError(pub(super) &'static str);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().or(Err(NetworkError("the part before / is not an address")))?;
        if address != address.to_canonical() {
            return Err(NetworkError("write the IPv4 network"));
        }
        let Some(prefix) = prefix else { return Ok(Self::single(address)) };
        let prefix = prefix.parse().or(Err(NetworkError("the part after / is not a number of bits")))?;
        Self::new(address, prefix).ok_or(NetworkError("bits after the prefix are set, or it is too long"))
    }
}

/// The address as a number, and its length in bits.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

/// A mask of the first `prefix` of `length` bits.
fn mask(prefix: u8, length: u8) -> u128 {
    let all = u128::MAX.unbounded_shr(128 - u32::from(length));
    all & !all.unbounded_shr(u32::from(prefix))
}

/// Addresses at which clouds hand out credentials. They are checked before anything else.
/// Most of them are in 169.254.169.0/24; 169.254.170.0/24 has the credentials of AWS containers.
const METADATA: &[Network] = &[
    Network::v4(169, 254, 169, 0, 24),
    Network::v4(169, 254, 170, 0, 24),
    Network::v4(100, 100, 100, 200, 32), // Alibaba
    Network::v4(168, 63, 129, 16, 32),   // Azure's wire server; it looks public
    Network::v4(192, 0, 0, 192, 32),     // Oracle
    Network::v6([0xfd00, 0xec2, 0, 0], 32),
    Network::v6([0xfd20, 0xce, 0, 0], 32),
];

/// IANA's registries of special-purpose addresses (RFC 6890 and later), and everything that is not a unicast address.
const SPECIAL: &[(Network, Why)] = &[
    (Network::v4(0, 0, 0, 0, 8), Why::Reserved),
    (Network::v4(10, 0, 0, 0, 8), Why::Private),
    (Network::v4(100, 64, 0, 0, 10), Why::Shared),
    (Network::v4(127, 0, 0, 0, 8), Why::Loopback),
    (Network::v4(169, 254, 0, 0, 16), Why::LinkLocal),
    (Network::v4(172, 16, 0, 0, 12), Why::Private),
    (Network::v4(192, 0, 0, 0, 24), Why::Reserved),
    (Network::v4(192, 0, 2, 0, 24), Why::Reserved),     // documentation
    (Network::v4(192, 31, 196, 0, 24), Why::Reserved),  // AS112
    (Network::v4(192, 52, 193, 0, 24), Why::Reserved),  // AMT
    (Network::v4(192, 88, 99, 0, 24), Why::Translated), // 6to4 relays
    (Network::v4(192, 168, 0, 0, 16), Why::Private),
    (Network::v4(192, 175, 48, 0, 24), Why::Reserved), // AS112
    (Network::v4(198, 18, 0, 0, 15), Why::Reserved),   // benchmarks
    (Network::v4(198, 51, 100, 0, 24), Why::Reserved), // documentation
    (Network::v4(203, 0, 113, 0, 24), Why::Reserved),  // documentation
    (Network::v4(224, 0, 0, 0, 4), Why::Multicast),
    (Network::v4(240, 0, 0, 0, 4), Why::Reserved), // with the broadcast address
    (Network::v6([0x64, 0xff9b, 0, 0], 96), Why::Translated), // NAT64
    (Network::v6([0x64, 0xff9b, 1, 0], 48), Why::Translated), // NAT64 with a local prefix
    (Network::v6([0x2001, 0, 0, 0], 32), Why::Translated), // Teredo
    (Network::v6([0x2001, 0, 0, 0], 23), Why::Reserved), // IETF protocols: benchmarks, ORCHID, AMT, AS112, DRIP
    (Network::v6([0x2001, 0xdb8, 0, 0], 32), Why::Reserved), // documentation
    (Network::v6([0x2002, 0, 0, 0], 16), Why::Translated), // 6to4
    (Network::v6([0x2620, 0x4f, 0x8000, 0], 48), Why::Reserved), // AS112
    (Network::v6([0x3fff, 0, 0, 0], 20), Why::Reserved), // documentation
    (Network::v6([0xfc00, 0, 0, 0], 7), Why::Private),
    (Network::v6([0xfe80, 0, 0, 0], 10), Why::LinkLocal),
    (Network::v6([0xfec0, 0, 0, 0], 10), Why::Private),
    (Network::v6([0xff00, 0, 0, 0], 8), Why::Multicast),
];

/// The only part of IPv6 that is allocated to the public.
const GLOBAL: Network = Network::v6([0x2000, 0, 0, 0], 3);
/// `::a.b.c.d`, long deprecated; contains the unspecified and the loopback address.
const COMPATIBLE: Network = Network::v6([0, 0, 0, 0], 96);
/// `::ffff:0:a.b.c.d` of stateless translators (RFC 2765).
const STATELESS: Network = Network { address: IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0)), prefix: 96 };

/// Why a page may not reach this address; `None` for public addresses. An IPv4-mapped address is checked as its IPv4
/// address.
///
/// Networks that only the operator knows, such as a NAT64 prefix of their own, cannot be detected and need a rule.
pub fn deny_reason(address: IpAddr) -> Option<Why> {
    let address = address.to_canonical();
    let listed = SPECIAL.iter().find(|(network, _)| network.contains(address)).map(|(_, why)| *why);
    match address {
        _ if METADATA.iter().any(|network| network.contains(address)) => Some(Why::Metadata),
        _ if listed.is_some() => listed,
        IpAddr::V4(_) => None,
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Why::Loopback),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some(Why::Reserved),
        _ if COMPATIBLE.contains(address) || STATELESS.contains(address) => Some(Why::Translated),
        _ if GLOBAL.contains(address) => None,
        IpAddr::V6(_) => Some(Why::Reserved),
    }
}

/// Whether the address belongs to this machine, as the kernel says: only such addresses can be bound to. Unlike a list
/// of interfaces this cannot be outdated, and it also finds addresses without an interface (`ip route add local`).
/// Returns true if the kernel gives no answer.
pub(super) fn is_this_machine(address: IpAddr) -> bool {
    let any_other: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(), // reserved for documentation, so no machine has it
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    match UdpSocket::bind((address, 0)) {
        Err(error) => !is_no(&error),
        // With `ip_nonlocal_bind` every address can be bound to. The route decides then.
        Ok(_) => UdpSocket::bind((any_other, 0)).is_err() || leads_to_itself(address),
    }
}

/// Whether the route to the address starts at the address itself. Connecting a datagram socket sends nothing; it only
/// looks up the route.
fn leads_to_itself(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let route = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((address, 9))?; // any port except 0
        socket.local_addr()
    };
    match route() {
        Ok(from) => from.ip() == address,
        Err(error) => !is_no(&error),
    }
}

/// Whether the error says that there is no such address here, no route to it, or no IPv6 at all.
fn is_no(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(kind, ErrorKind::AddrNotAvailable | ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}
