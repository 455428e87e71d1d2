//! Tests of denials: no packet of a denied connection may reach its target.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    super::{Blocked, EgressPolicy, Failure, Guard, Why},
    Scripted, Server, open_port, policy, reach, read_all,
};

fn long_ago() -> Instant {
    Instant::now() - Duration::from_secs(3600)
}

#[tokio::test]
async fn a_denied_target_is_never_connected_to_in_any_of_its_forms() {
    let guard = Guard::new(EgressPolicy::default(), Scripted::with(&[("evil.example", &[&["127.0.0.1"]])]));
    let port = guard.open().await.unwrap();
    let canary = Server::greeter("127.0.0.1", "secret").await;
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "0.0.0.0",
        "0",
        "localhost",
        "LOCALHOST.",
        "a.b.localhost",
        "::1",
        "[::1]",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::ffff:0:127.0.0.1",
        "evil.example",
        "EVIL.example.",
        "127.0.0.1.",
        "fe80::1%lo",
        "①②⑦.⓪.⓪.①",
        "127.0.0.1\0",
        "a@127.0.0.1",
    ] {
        let since = Instant::now();
        assert_eq!(reach(&port, host, canary.port()).await.unwrap_err(), 2, "{host}");
        let failure = port.failure(host, canary.port(), since).unwrap_or_else(|| panic!("{host}"));
        assert_eq!(failure.reason(), Some("blocked_by_egress_policy"), "{host}");
        assert_eq!(port.last_blocked(since).map(|blocked| blocked.port), Some(canary.port()), "{host}");
    }
    assert_eq!(canary.accepted(), 0);
    assert_eq!((port.traffic().sent_bytes, port.traffic().received_bytes), (0, 0));
}

#[tokio::test]
async fn a_rebinding_resolver_is_asked_once_and_what_it_said_is_dialled() {
    let resolver = Scripted::with(&[("rebind.example", &[&["127.0.0.2"], &["127.0.0.1"]])]);
    let guard = Guard::new(policy(&["127.0.0.2"], &[]), Arc::clone(&resolver) as _);
    let port = guard.open().await.unwrap();
    let origin = Server::greeter("127.0.0.2", "public").await;
    let canary = Server::greeter("127.0.0.1", "secret").await;
    let mut stream = reach(&port, "rebind.example", origin.port()).await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"public");
    assert_eq!(resolver.asked(), ["rebind.example"]);
    for _ in 0..3 {
        assert_eq!(reach(&port, "rebind.example", canary.port()).await.unwrap_err(), 2, "each connection is judged");
    }
    assert_eq!((resolver.asked().len(), canary.accepted()), (4, 0));
    assert_eq!(port.failure("Rebind.Example.", canary.port(), long_ago()), Some(Failure::Blocked(Why::Loopback)));
}

#[tokio::test]
async fn one_bad_address_of_a_name_denies_it_with_all_others() {
    let answers: [(_, &[&[&str]]); 5] = [
        ("first.example", &[&["127.0.0.1", "127.0.0.2"]]),
        ("last.example", &[&["127.0.0.2", "127.0.0.1"]]),
        ("mapped.example", &[&["127.0.0.2", "::ffff:169.254.169.254"]]),
        ("good.example", &[&["127.0.0.2", "127.0.0.2"]]),
        ("nothing.example", &[&[]]),
    ];
    let resolver = Scripted::with(&answers);
    let guard = Guard::new(policy(&["127.0.0.2"], &[]), Arc::clone(&resolver) as _);
    let port = guard.open().await.unwrap();
    let origin = Server::greeter("127.0.0.2", "hi").await;
    for (host, failure) in [
        ("first.example", Some(Failure::Blocked(Why::Loopback))),
        ("last.example", Some(Failure::Blocked(Why::Loopback))),
        ("mapped.example", Some(Failure::Blocked(Why::Metadata))),
        ("nothing.example", Some(Failure::NameNotResolved)),
        ("unknown.example", Some(Failure::NameNotResolved)),
        ("good.example", None),
    ] {
        assert_eq!(reach(&port, host, origin.port()).await.is_ok(), failure.is_none(), "{host}");
        assert_eq!(port.failure(host, origin.port(), long_ago()), failure, "{host}");
    }
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn a_thousand_addresses_are_all_judged() {
    let mut addresses = vec!["127.0.0.2"; 1000];
    addresses.push("10.0.0.1");
    let answer: &[&str] = &addresses;
    let guard = Guard::new(policy(&["127.0.0.2"], &[]), Scripted::with(&[("many.example", &[answer])]));
    let port = guard.open().await.unwrap();
    let origin = Server::silent("127.0.0.2").await;
    assert_eq!(reach(&port, "many.example", origin.port()).await.unwrap_err(), 2);
    assert_eq!(
        (port.failure("many.example", origin.port(), long_ago()), origin.accepted()),
        (Some(Failure::Blocked(Why::Private)), 0)
    );
}

#[tokio::test]
async fn an_allowed_name_may_be_private_and_a_denied_one_is_not_even_resolved() {
    let answers: [(_, &[&[&str]]); 3] = [
        ("lan.example", &[&["127.0.0.1"]]),
        ("cloud.lan.example", &[&["169.254.169.254"]]),
        ("bad.lan.example", &[&["127.0.0.1"]]),
    ];
    let resolver = Scripted::with(&answers);
    let guard = Guard::new(policy(&["lan.example"], &["bad.lan.example"]), Arc::clone(&resolver) as _);
    let port = guard.open().await.unwrap();
    let origin = Server::greeter("127.0.0.1", "lan").await;
    let mut stream = reach(&port, "lan.example", origin.port()).await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"lan");
    assert_eq!(reach(&port, "127.0.0.1", origin.port()).await.unwrap_err(), 2, "the name is allowed, not its address");
    assert_eq!(reach(&port, "cloud.lan.example", 80).await.unwrap_err(), 2);
    assert_eq!(port.failure("cloud.lan.example", 80, long_ago()), Some(Failure::Blocked(Why::Metadata)));
    assert_eq!(reach(&port, "bad.lan.example", origin.port()).await.unwrap_err(), 2);
    assert_eq!(resolver.asked(), ["lan.example", "cloud.lan.example"]);
}

#[tokio::test]
async fn localhost_needs_only_one_allowed_address_and_never_a_resolver() {
    let resolver = Scripted::with(&[]);
    let origin = Server::greeter("127.0.0.1", "dev").await;
    let rule = origin.address.to_string();
    let guard = Guard::new(policy(&[&rule], &[]), Arc::clone(&resolver) as _);
    let port = guard.open().await.unwrap();
    for host in ["localhost", "app.localhost"] {
        assert_eq!(read_all(&mut reach(&port, host, origin.port()).await.unwrap()).await.unwrap(), b"dev");
    }
    assert!(resolver.asked().is_empty());
}

#[tokio::test]
async fn our_own_ports_stay_closed_although_everything_private_is_allowed() {
    let resolver = Scripted::with(&[("us.example", &[&["127.0.0.1"]])]);
    let everything = policy(&["127.0.0.0/8", "::1", "us.example", "0.0.0.0/0"], &[]).allow_private();
    let guard = Guard::new(everything, resolver);
    let (port, other) = (guard.open().await.unwrap(), guard.open_shut().await.unwrap());
    let api = Server::greeter("127.0.0.1", "secret").await;
    let wide = Server::greeter("0.0.0.0", "secret").await;
    let free = Server::greeter("127.0.0.1", "free").await;
    guard.forbid(api.address);
    guard.forbid(SocketAddr::new("::".parse().unwrap(), wide.port()));
    for own in [api.port(), wide.port(), port.address().port(), other.address().port()] {
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "localhost",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "::",
            "us.example",
            "2130706433",
        ] {
            assert_eq!(reach(&port, host, own).await.unwrap_err(), 2, "{host}:{own}");
            assert_eq!(port.failure(host, own, long_ago()), Some(Failure::Blocked(Why::OwnPort)), "{host}:{own}");
        }
    }
    assert_eq!((api.accepted(), wide.accepted()), (0, 0));
    assert_eq!(read_all(&mut reach(&port, "localhost", free.port()).await.unwrap()).await.unwrap(), b"free");
}

#[tokio::test]
async fn a_forbidden_address_elsewhere_is_forbidden_there_only_and_ports_of_the_dead_are_free() {
    let guard = Guard::new(EgressPolicy::default().allow_private(), Scripted::with(&[]));
    let port = guard.open().await.unwrap();
    let origin = Server::greeter("127.0.0.1", "free").await;
    guard.forbid(SocketAddr::new("10.0.0.9".parse().unwrap(), origin.port()));
    assert_eq!(reach(&port, "10.0.0.9", origin.port()).await.unwrap_err(), 2);
    assert!(reach(&port, "127.0.0.1", origin.port()).await.is_ok());

    let dead = guard.open().await.unwrap();
    let address = dead.address();
    dead.close();
    super::eventually("only the first is left", || guard.alive() == 1).await;
    let since = Instant::now();
    let _ = reach(&port, "127.0.0.1", address.port()).await;
    assert_ne!(port.failure("127.0.0.1", address.port(), since), Some(Failure::Blocked(Why::OwnPort)));
}

#[tokio::test]
async fn the_shut_port_denies_what_every_other_allows() {
    let guard = Guard::new(policy(&["127.0.0.2"], &[]), Scripted::with(&[]));
    let shut = guard.open_shut().await.unwrap();
    let origin = Server::silent("127.0.0.2").await;
    for host in ["127.0.0.2", "8.8.8.8", "example.com"] {
        assert_eq!(reach(&shut, host, origin.port()).await.unwrap_err(), 2);
        assert_eq!(shut.failure(host, origin.port(), long_ago()), Some(Failure::Blocked(Why::Shut)));
    }
    shut.renew();
    assert_eq!(reach(&shut, "127.0.0.2", origin.port()).await.unwrap_err(), 2, "and stays shut");
    assert_eq!(origin.accepted(), 0);
}

#[tokio::test]
async fn addresses_of_this_machine_are_found_whatever_their_interface() {
    use super::super::address::is_this_machine;
    assert!(is_this_machine("127.0.0.1".parse().unwrap()));
    assert!(!is_this_machine("8.8.8.8".parse().unwrap()));
    assert!(!is_this_machine("2606:4700:4700::1111".parse().unwrap()));
}

#[tokio::test]
async fn the_newest_failures_are_kept_and_renewing_forgets_them() {
    let (_guard, port) = open_port().await;
    let begin = Instant::now();
    for number in 0..100_u16 {
        let _ = reach(&port, "127.0.0.1", 10_000 + number).await;
    }
    assert_eq!(port.failure("127.0.0.1", 10_035, begin), None, "only 64");
    assert_eq!(port.failure("127.0.0.1", 10_036, begin), Some(Failure::Blocked(Why::Loopback)));
    let blocked = Blocked { host: "127.0.0.1".to_owned(), port: 10_099, why: Why::Loopback };
    assert_eq!(port.last_blocked(begin), Some(blocked));
    assert_eq!(port.failure("127.0.0.1", 10_099, Instant::now()), None, "before then");
    assert_eq!(port.last_blocked(Instant::now()), None);
    for _ in 0..100 {
        let _ = reach(&port, "127.0.0.1", 9_999).await;
    }
    assert!(port.failure("127.0.0.1", 10_037, begin).is_some(), "one target has one record");
    port.renew();
    assert_eq!((port.failure("127.0.0.1", 10_099, begin), port.last_blocked(begin)), (None, None));
}
