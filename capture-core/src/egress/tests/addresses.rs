//! Tests of the table of addresses, row by row.

use std::net::IpAddr;

use super::super::{Why, Why::*, deny_reason};

const DENIED: &[(&str, Why)] = &[
    ("0.0.0.0", Reserved),
    ("0.0.0.1", Reserved),
    ("0.255.255.255", Reserved),
    ("10.0.0.0", Private),
    ("10.255.255.255", Private),
    ("100.64.0.0", Shared),
    ("100.127.255.255", Shared),
    ("100.100.100.200", Metadata),
    ("127.0.0.0", Loopback),
    ("127.0.0.1", Loopback),
    ("127.255.255.255", Loopback),
    ("168.63.129.16", Metadata),
    ("169.254.0.0", LinkLocal),
    ("169.254.169.254", Metadata),
    ("169.254.169.123", Metadata),
    ("169.254.170.2", Metadata),
    ("169.254.171.0", LinkLocal),
    ("169.254.255.255", LinkLocal),
    ("172.16.0.0", Private),
    ("172.17.0.1", Private),
    ("172.31.255.255", Private),
    ("192.0.0.0", Reserved),
    ("192.0.0.192", Metadata),
    ("192.0.0.255", Reserved),
    ("192.0.2.1", Reserved),
    ("192.31.196.1", Reserved),
    ("192.52.193.1", Reserved),
    ("192.88.99.1", Translated),
    ("192.168.0.0", Private),
    ("192.168.255.255", Private),
    ("192.175.48.1", Reserved),
    ("198.18.0.0", Reserved),
    ("198.19.255.255", Reserved),
    ("198.51.100.7", Reserved),
    ("203.0.113.7", Reserved),
    ("224.0.0.1", Multicast),
    ("239.255.255.255", Multicast),
    ("240.0.0.1", Reserved),
    ("255.255.255.255", Reserved),
    ("::", Reserved),
    ("::1", Loopback),
    ("::2", Translated),
    ("::127.0.0.1", Translated),
    ("::8.8.8.8", Translated),
    ("::ffff:0.0.0.0", Reserved),
    ("::ffff:127.0.0.1", Loopback),
    ("::ffff:7f00:1", Loopback),
    ("0:0:0:0:0:ffff:127.0.0.1", Loopback),
    ("::ffff:10.1.2.3", Private),
    ("::ffff:192.168.1.1", Private),
    ("::ffff:169.254.169.254", Metadata),
    ("::ffff:0:127.0.0.1", Translated),
    ("::ffff:0:8.8.8.8", Translated),
    ("64:ff9b::7f00:1", Translated),
    ("64:ff9b::8.8.8.8", Translated),
    ("64:ff9b:1::a00:1", Translated),
    ("64:ff9b:1:ffff::", Translated),
    ("64:ff9b:2::1", Reserved),
    ("100::1", Reserved),
    ("1fff:ffff::", Reserved),
    ("2001::1", Translated),
    ("2001:0:7f00:1::", Translated),
    ("2001:1::1", Reserved),
    ("2001:2::1", Reserved),
    ("2001:10::1", Reserved),
    ("2001:20::1", Reserved),
    ("2001:1ff:ffff::", Reserved),
    ("2001:db8::1", Reserved),
    ("2001:db8:ffff::1", Reserved),
    ("2002:7f00:1::", Translated),
    ("2002:808:808::1", Translated),
    ("2620:4f:8000::1", Reserved),
    ("3fff::1", Reserved),
    ("3fff:fff:ffff::1", Reserved),
    ("4000::1", Reserved),
    ("5f00::1", Reserved),
    ("8000::1", Reserved),
    ("fbff::1", Reserved),
    ("fc00::1", Private),
    ("fd00::1", Private),
    ("fd00:ec2::254", Metadata),
    ("fd00:ec2::23", Metadata),
    ("fd20:ce::254", Metadata),
    ("fdff:ffff::1", Private),
    ("fe00::1", Reserved),
    ("fe80::1", LinkLocal),
    ("febf:ffff::1", LinkLocal),
    ("fec0::1", Private),
    ("feff::1", Private),
    ("ff02::1", Multicast),
    ("ffff::1", Multicast),
];

const PUBLIC: &[&str] = &[
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "3ffe::1",
    "3fff:1000::1",
];

#[test]
fn every_special_purpose_address_is_denied_for_its_reason_and_its_neighbours_are_not() {
    for (text, why) in DENIED {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(deny_reason(address), Some(*why), "{text}");
    }
    for text in PUBLIC {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(deny_reason(address), None, "{text}");
    }
    assert!(DENIED.len() + PUBLIC.len() >= 80);
}

proptest::proptest! {
    #[test]
    fn an_ipv4_address_is_judged_alike_in_its_mapped_form(bits: u32) {
        let address = std::net::Ipv4Addr::from(bits);
        proptest::prop_assert_eq!(deny_reason(address.into()), deny_reason(address.to_ipv6_mapped().into()));
    }
}
