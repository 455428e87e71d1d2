//! Tests of proxies that are dead, wrong, silent or forbidden, and of the secrecy of their credentials.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use super::{
    super::{Failure, Upstream, UpstreamFailure, Why},
    Server, eventually,
    proxies::{Asked, echoes, failure, guard, http_proxy, read_head, set, socks_proxy},
    reach,
};

#[tokio::test]
async fn wrong_or_missing_credentials_are_told_as_such() {
    let (guard, _) = guard();
    let port = guard.open().await.unwrap();
    let (asked, origin) = (Asked::default(), Server::echo("127.0.0.2").await);
    let (log, to) = (Arc::clone(&asked), origin.address);
    let http = Server::start("127.0.0.4", move |stream| http_proxy(stream, Arc::clone(&log), to)).await;
    let log = Arc::clone(&asked);
    let socks = Server::start("127.0.0.4", move |stream| socks_proxy(stream, Arc::clone(&log), to, true)).await;
    for url in [
        format!("http://127.0.0.4:{}", http.port()),
        format!("http://ann:wrong@127.0.0.4:{}", http.port()),
        format!("socks5://127.0.0.4:{}", socks.port()),
        format!("socks5h://ann:pass%20worx@127.0.0.4:{}", socks.port()),
    ] {
        set(&port, &url);
        assert_eq!(reach(&port, "site.example", 443).await.unwrap_err(), 1);
        let failure = failure(&port, "site.example", 443);
        assert_eq!(failure, Failure::Upstream(UpstreamFailure::AuthRefused), "{url}");
        assert_eq!(failure.chromium_error(), "net::ERR_PROXY_AUTH_REQUESTED");
        assert_eq!(failure.to_string(), "the proxy failed: it refused the credentials");
    }
    assert_eq!(origin.accepted(), 0);
}

#[tokio::test]
async fn proxies_that_fail_fail_clearly_and_nothing_goes_directly() {
    let (guard, _) = guard();
    let port = guard.open().await.unwrap();
    let origin = Server::echo("127.0.0.4").await; // it would be reachable without a proxy
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(17_000));
    let answers: [(&'static str, UpstreamFailure); 9] = [
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", UpstreamFailure::Refused(502)),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", UpstreamFailure::Refused(403)),
        ("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n", UpstreamFailure::Refused(301)),
        ("HTTP/2 200\r\n\r\n", UpstreamFailure::BadAnswer),
        ("HTTP/1.1 20 OK\r\n\r\n", UpstreamFailure::BadAnswer),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", UpstreamFailure::BadAnswer),
        ("HTTP/1.1 200 OK\r\n", UpstreamFailure::BadAnswer), // it closes the connection then
        ("", UpstreamFailure::BadAnswer),
        (long.leak(), UpstreamFailure::BadAnswer),
    ];
    for (answer, expected) in answers {
        let proxy = Server::start("127.0.0.4", move |mut stream| async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        })
        .await;
        set(&port, &format!("http://127.0.0.4:{}", proxy.port()));
        assert_eq!(reach(&port, "127.0.0.4", origin.port()).await.unwrap_err(), 1, "{answer:.40}");
        assert_eq!(failure(&port, "127.0.0.4", origin.port()), Failure::Upstream(expected), "{answer:.40}");
        assert_eq!(proxy.accepted(), 1, "and is not asked again");
    }
    let speaks_http = Server::greeter("127.0.0.4", "HTTP/1.1 400").await;
    let dead = std::net::TcpListener::bind("127.0.0.4:0").unwrap().local_addr().unwrap();
    for (url, expected) in [
        (format!("http://{dead}"), UpstreamFailure::Unreachable),
        (format!("socks5://{dead}"), UpstreamFailure::Unreachable),
        ("http://unknown.example:8080".to_owned(), UpstreamFailure::NameNotResolved),
        (format!("socks5://{}", speaks_http.address), UpstreamFailure::BadAnswer),
    ] {
        set(&port, &url);
        assert_eq!(reach(&port, "127.0.0.4", origin.port()).await.unwrap_err(), 1);
        let failure = failure(&port, "127.0.0.4", origin.port());
        assert_eq!(
            (failure, failure.chromium_error()),
            (Failure::Upstream(expected), "net::ERR_PROXY_CONNECTION_FAILED"),
            "{url}"
        );
    }
    assert_eq!(origin.accepted(), 0);
    port.set_upstream(None);
    echoes(&port, "127.0.0.4", origin.port()).await;
}

#[tokio::test]
async fn a_silent_proxy_is_given_up_after_fifteen_seconds() {
    let (guard, _) = guard();
    for scheme in ["http", "https", "socks5"] {
        let port = guard.open().await.unwrap();
        let proxy = Server::silent("127.0.0.4").await;
        set(&port, &format!("{scheme}://127.0.0.4:{}", proxy.port()));
        let mut stream = TcpStream::connect(port.address()).await.unwrap();
        stream.write_all(&[&[5, 1, 0][..], &super::request("site.example", 443)].concat()).await.unwrap();
        eventually("the proxy was reached", || proxy.accepted() == 1).await;
        tokio::time::pause(); // from here on, time advances without waiting
        let begin = Instant::now();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let waited = begin.elapsed();
        tokio::time::resume();
        assert_eq!(answer.get(2..4), Some(&[5, 1][..]));
        assert!((14..17).contains(&waited.as_secs()), "{waited:?}");
        assert_eq!(failure(&port, "site.example", 443), Failure::Upstream(UpstreamFailure::TimedOut));
    }
}

#[tokio::test]
async fn a_proxy_changes_nothing_about_denied_targets_and_is_judged_itself() {
    let (guard, resolver) = guard();
    let (port, other) = (guard.open().await.unwrap(), guard.open().await.unwrap());
    let proxy = Server::silent("127.0.0.4").await;
    let inside = Server::silent("127.0.0.1").await;
    set(&port, &format!("http://127.0.0.4:{}", proxy.port()));
    for (host, why) in [
        ("127.0.0.1", Why::Loopback),
        ("10.0.0.1", Why::Private),
        ("::ffff:10.0.0.1", Why::Private),
        ("169.254.169.254", Why::Metadata),
        ("metadata.google.internal", Why::Metadata),
        ("localhost", Why::Loopback),
        ("a.localhost", Why::Loopback),
        ("a.denied.example", Why::Rule),
        ("a b", Why::Malformed),
    ] {
        assert_eq!(reach(&port, host, 80).await.unwrap_err(), 2, "{host}");
        assert_eq!(failure(&port, host, 80), Failure::Blocked(why), "{host}");
    }
    assert_eq!(proxy.accepted(), 0);
    for (url, why) in [
        (format!("http://127.0.0.1:{}", inside.port()), Why::Loopback),
        (format!("socks5://localhost:{}", inside.port()), Why::Loopback),
        (format!("https://inside.example:{}", inside.port()), Why::Loopback),
        (format!("http://{}", other.address()), Why::OwnPort),
        ("http://169.254.169.254".to_owned(), Why::Metadata),
        ("http://denied.example".to_owned(), Why::Rule),
    ] {
        set(&port, &url);
        assert_eq!(reach(&port, "site.example", 443).await.unwrap_err(), 1, "{url}");
        let failure = failure(&port, "site.example", 443);
        assert_eq!(failure, Failure::Upstream(UpstreamFailure::Blocked(why)), "{url}");
        assert_eq!(failure.reason(), Some("blocked_by_egress_policy"));
        let early = guard.judge_upstream(&Upstream::parse(&url).unwrap());
        assert_eq!(early, if url.contains("inside") { Ok(()) } else { Err(why) }, "{url}: only resolving tells");
    }
    assert_eq!((inside.accepted(), resolver.asked()), (0, vec!["inside.example".to_owned()]));
}

#[test]
fn addresses_of_proxies_are_read_strictly_and_never_shown_with_their_secrets() {
    for (url, shown) in [
        ("http://proxy.example", "http://proxy.example:80"),
        ("https://Proxy.Example/", "https://proxy.example:443"),
        ("socks5://proxy.example", "socks5://proxy.example:1080"),
        ("socks5h://u:p@proxy.example:9", "socks5://proxy.example:9"),
        ("http://u:p@0x7f.1:8080", "http://127.0.0.1:8080"),
        ("http://user-country-de:s%3Acr%40t@[2606:4700::1]:8080", "http://[2606:4700::1]:8080"),
        ("socks5://u:p@[::ffff:127.0.0.1]:1", "socks5://127.0.0.1:1"),
        ("http://:secret@proxy.example", "http://proxy.example:80"),
    ] {
        let upstream = Upstream::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(
            (upstream.to_string(), format!("{upstream:?}"), format!("{upstream:#?}")),
            (shown.into(), shown.into(), shown.into())
        );
    }
    let long = format!("http://secret:{}@proxy.example", "x".repeat(3000));
    let long_user = format!("socks5://{}:secret@proxy.example", "x".repeat(256));
    for url in [
        "",
        "proxy.example",
        "secret:secret@proxy.example:80",
        "//secret@proxy.example",
        "ftp://secret@proxy.example",
        "socks4://secret@x",
        "direct://",
        "quic://secret@x",
        "pac+http://secret@x",
        "http=secret@a;https=b",
        "http://a,secret",
        "http://secret@",
        "http://",
        "http://secret@:80",
        "http://secret@proxy.example:0",
        "http://secret@proxy.example:65536",
        "http://secret@proxy.example:x",
        "http://secret@proxy.example/path",
        "http://secret@proxy.example?x",
        "http://secret@proxy.example#x",
        "http://secret@proxy.example\n",
        " http://secret@proxy.example",
        "http://secret@pro\txy.example",
        "http://secret%0d%0ax:p@proxy.example",
        "http://u:secret%00@proxy.example",
        "http://u:secret%ff@proxy.example",
        "http://secret%3Ax:p@proxy.example",
        "socks5://:secret@proxy.example",
        "http://secret@<-loopback>",
        "http://secret@fe80::1%25lo",
        "http://[secret",
        "http:\\\\secret@x",
        &long,
        &long_user,
    ] {
        let error = Upstream::parse(url).expect_err(url);
        assert!(!format!("{error} {error:?}").contains("secret"), "{url}");
    }
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_password() {
    let (guard, _) = guard();
    let port = guard.open().await.unwrap();
    set(&port, "http://annalena:hunter2@127.0.0.4:9");
    let _ = reach(&port, "site.example", 443).await;
    let printed = format!("{port:?} {guard:?} {:?}", failure(&port, "site.example", 443));
    for secret in ["annalena", "hunter2", "YW5uYWxlbmE6aHVudGVyMg=="] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(printed.contains("127.0.0.4"), "but the proxy is named: {printed}");
}
