//! Tests of the forms of hosts, of rules, and of the policy's decisions on both.

use super::{
    super::{Rule, Why, host::Host, policy::AllowedByName},
    policy,
};

#[test]
fn odd_forms_of_addresses_are_addresses_and_names_become_plain() {
    for (text, shown) in [
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F.0.0.1.", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("127.0.0.1.", "127.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("[::FFFF:7f00:1]", "127.0.0.1"),
        ("LOCALHOST.", "localhost"),
        ("Example.COM", "example.com"),
        ("a_b.example-x.com.", "a_b.example-x.com"),
        ("r3---sn-abc.googlevideo.com", "r3---sn-abc.googlevideo.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("intranet", "intranet"),
    ] {
        let host = Host::parse(text).unwrap_or_else(|_| panic!("{text}"));
        assert_eq!(host.to_string(), shown, "{text}");
        let literal = shown.parse::<std::net::IpAddr>().is_ok();
        assert_eq!(matches!(host, Host::Address(_)), literal, "{text}");
    }
}

#[test]
fn what_is_neither_an_address_nor_a_plain_name_is_refused() {
    let long_label = format!("{}.com", "a".repeat(64));
    let long_name = format!("{}com", "abcdefghi.".repeat(26));
    for text in [
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a.b..",
        "127.0.0.1..",
        "256.1.1.1",
        "1.2.3.4.5",
        "0x7g.1",
        "99999999999",
        "a b",
        "a\0b",
        "127.0.0.1\0.example.com",
        "127.0.0.1%00",
        "a%2eb",
        "user@host",
        "a/b",
        "a\\b",
        "a#b",
        "a?b",
        "a,b",
        "*.a",
        "a\r\nb",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "bücher.example",
        "fe80::1%eth0",
        "fe80::1%25eth0",
        "[::1",
        "::1]",
        "[]",
        "127.0.0.1:80",
        ":::",
        "a:b",
        "\u{fffd}",
        "xn--a",
        &long_label,
        &long_name,
    ] {
        assert!(Host::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn rules_that_say_nothing_clear_are_refused() {
    for text in [
        "",
        "*",
        "*.",
        "*.127.0.0.1",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/",
        "/8",
        "fd00::/129",
        "::ffff:10.0.0.0/104",
        "example.com:0",
        "example.com:65536",
        "example.com:",
        "example.com:http",
        "http://example.com",
        "exa mple.com",
        "[::1]:",
        "[::1",
        "a.*.com",
    ] {
        let error = text.parse::<Rule>().expect_err(text).to_string();
        assert!(error.starts_with(&format!("`{text}` is no egress rule: ")), "{error}");
    }
}

/// Allow rules, deny rules, host, port, decision.
type Row = (&'static [&'static str], &'static [&'static str], &'static str, u16, Result<(), Why>);

const RULED: &[Row] = &[
    (&[], &[], "8.8.8.8", 443, Ok(())),
    (&[], &["8.8.8.8"], "8.8.8.8", 443, Err(Why::Rule)),
    (&[], &["8.8.8.8:80"], "8.8.8.8", 443, Ok(())),
    (&[], &["8.0.0.0/8"], "8.8.8.8", 443, Err(Why::Rule)),
    (&[], &["2a00::/16"], "2a00::1", 443, Err(Why::Rule)),
    (&["10.0.0.0/8"], &[], "10.9.8.7", 80, Ok(())),
    (&["10.0.0.0/8"], &[], "11.9.8.7", 80, Ok(())),
    (&["10.0.0.0/8"], &[], "192.168.0.1", 80, Err(Why::Private)),
    (&["10.0.0.0/8"], &["10.9.0.0/16"], "10.9.8.7", 80, Err(Why::Rule)),
    (&["10.1.2.3"], &[], "10.1.2.3", 80, Ok(())),
    (&["10.1.2.3:8080"], &[], "10.1.2.3", 80, Err(Why::Private)),
    (&["10.1.2.3:8080"], &[], "10.1.2.3", 8080, Ok(())),
    (&["10.1.2.3"], &[], "::ffff:10.1.2.3", 80, Ok(())),
    (&["::ffff:10.1.2.3"], &[], "10.1.2.3", 80, Ok(())),
    (&["[fd00::1]:8080"], &[], "fd00::1", 8080, Ok(())),
    (&["[fd00::1]:8080"], &[], "fd00::1", 8081, Err(Why::Private)),
    (&["fd00::1"], &[], "fd00::1", 1, Ok(())),
    (&["fd00::/8"], &[], "fd77::1", 1, Ok(())),
    (&["0.0.0.0/0"], &[], "127.0.0.1", 1, Ok(())),
    (&["0.0.0.0/0"], &[], "::1", 1, Err(Why::Loopback)),
    (&["0.0.0.0/0"], &[], "169.254.169.254", 80, Err(Why::Metadata)),
    (&["169.254.0.0/16"], &[], "169.254.169.254", 80, Err(Why::Metadata)),
    (&["169.254.169.254"], &[], "169.254.169.254", 80, Ok(())),
    (&["fd00::/8"], &[], "fd00:ec2::254", 80, Err(Why::Metadata)),
    (&["64:ff9b::/96"], &[], "64:ff9b::808:808", 80, Ok(())),
    (&["127.1"], &[], "127.0.0.1", 80, Ok(())),
];

#[test]
fn deny_beats_allow_and_an_allowed_address_is_open_although_private() {
    for (allow, deny, host, port, verdict) in RULED {
        let Ok(Host::Address(address)) = Host::parse(host) else { panic!("{host}") };
        let judged = policy(allow, deny).judge_address(address, *port, AllowedByName(false));
        assert_eq!(judged, *verdict, "{allow:?} {deny:?} {host} {port}");
    }
}

#[test]
fn allowing_private_addresses_opens_no_metadata_and_nothing_reserved() {
    let policy = policy(&[], &[]).allow_private();
    let judge = |text: &str| policy.judge_address(text.parse().unwrap(), 80, AllowedByName(false));
    for open in ["127.0.0.1", "::1", "10.0.0.1", "fd00::1", "169.254.1.1", "fe80::1", "100.64.0.1", "8.8.8.8"] {
        assert_eq!(judge(open), Ok(()), "{open}");
    }
    for (closed, why) in [
        ("169.254.169.254", Why::Metadata),
        ("100.100.100.200", Why::Metadata),
        ("fd00:ec2::254", Why::Metadata),
        ("0.0.0.0", Why::Reserved),
        ("224.0.0.1", Why::Multicast),
        ("2002:7f00:1::", Why::Translated),
        ("64:ff9b::7f00:1", Why::Translated),
    ] {
        assert_eq!(judge(closed), Err(why), "{closed}");
    }
}

#[test]
fn a_rule_for_a_name_covers_the_names_below_it_and_one_with_a_star_only_those() {
    let policy = policy(&["lan.example", "*.corp.example:443"], &["bad.example", "*.worse.example", "half.example:80"]);
    let judge = |text: &str, port| {
        let Ok(Host::Name(name)) = Host::parse(text) else { panic!("{text}") };
        policy.judge_name(&name, port)
    };
    let (allowed, neutral, denied) = (Ok(AllowedByName(true)), Ok(AllowedByName(false)), Err(Why::Rule));
    for (text, port, verdict) in [
        ("lan.example", 80, allowed),
        ("a.b.LAN.example.", 80, allowed),
        ("xlan.example", 80, neutral),
        ("corp.example", 443, neutral),
        ("a.corp.example", 443, allowed),
        ("a.corp.example", 80, neutral),
        ("bad.example", 1, denied),
        ("a.bad.example", 1, denied),
        ("notbad.example", 1, neutral),
        ("worse.example", 1, neutral),
        ("a.worse.example", 1, denied),
        ("half.example", 80, denied),
        ("half.example", 443, neutral),
        ("metadata.google.internal", 80, Err(Why::Metadata)),
    ] {
        assert_eq!(judge(text, port), verdict, "{text}:{port}");
    }
}
