//! Users' proxies of all kinds: small ones of the tests, honest and not.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
    time::Instant,
};

use super::{
    super::{EgressPort, Failure, Guard, Traffic, Upstream, UpstreamFailure, Why},
    Scripted, Server, eventually, policy, reach, read, read_all,
};

/// What a proxy of the tests was asked, as text.
type Asked = Arc<Mutex<Vec<String>>>;

/// `ann:pass word`
const BASIC: &str = "Proxy-Authorization: Basic YW5uOnBhc3Mgd29yZA==";

/// An HTTP proxy that wants Ann's credentials, and makes tunnels to this origin whatever it is asked for.
async fn http_proxy<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, asked: Asked, origin: SocketAddr) {
    let head = read_head(&mut stream).await;
    let right = head.contains(BASIC);
    asked.lock().push(head);
    if !right {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
        stream.write_all(refusal).await.unwrap();
        return;
    }
    stream.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").await.unwrap();
    stream.flush().await.unwrap();
    let mut origin = TcpStream::connect(origin).await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut origin).await;
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// A SOCKS5 proxy; `password`: it wants Ann's.
async fn socks_proxy(mut stream: TcpStream, asked: Asked, origin: SocketAddr, password: bool) {
    let count = read(&mut stream, 2).await[1];
    let methods = read(&mut stream, usize::from(count)).await;
    let method = if password { 2 } else { 0 };
    if !methods.contains(&method) {
        stream.write_all(&[5, 0xff]).await.unwrap();
        return;
    }
    stream.write_all(&[5, method]).await.unwrap();
    if password {
        let expected = b"\x01\x03ann\x09pass word";
        let right = read(&mut stream, expected.len()).await == expected;
        stream.write_all(&[1, u8::from(!right)]).await.unwrap();
        if !right {
            return;
        }
    }
    let head = read(&mut stream, 4).await;
    assert_eq!(head[..3], [5, 1, 0]);
    let address = match head[3] {
        1 => format!("{:?}", read(&mut stream, 4).await),
        4 => format!("{:?}", read(&mut stream, 16).await),
        _ => {
            let length = read(&mut stream, 1).await[0];
            String::from_utf8(read(&mut stream, usize::from(length)).await).unwrap()
        }
    };
    let port = read(&mut stream, 2).await;
    asked.lock().push(format!("{address}:{}", u16::from_be_bytes([port[0], port[1]])));
    stream.write_all(&[5, 0, 0, 3, 2, b'a', b'b', 0, 0]).await.unwrap(); // an address of an unusual kind
    let mut origin = TcpStream::connect(origin).await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut origin).await;
}

/// A guard that lets through to proxies on 127.0.0.4 and to nothing else here; a proxy may have a name.
fn guard() -> (Guard, Arc<Scripted>) {
    let resolver = Scripted::with(&[("proxy.example", &[&["127.0.0.4"]]), ("inside.example", &[&["127.0.0.1"]])]);
    (Guard::new(policy(&["127.0.0.4"], &["denied.example"]), Arc::clone(&resolver) as _), resolver)
}

fn set(port: &EgressPort, url: &str) {
    port.set_upstream(Some(Upstream::parse(url).unwrap()));
}

fn failure(port: &EgressPort, host: &str, to: u16) -> Failure {
    port.failure(host, to, Instant::now() - Duration::from_secs(3600)).unwrap()
}

async fn echoes(port: &EgressPort, host: &str, to: u16) {
    let mut stream = reach(port, host, to).await.unwrap_or_else(|code| panic!("{host}:{to}: {code}"));
    stream.write_all(b"through the proxy").await.unwrap();
    assert_eq!(read(&mut stream, 17).await, b"through the proxy");
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_the_name_with_its_credentials_and_nothing_is_resolved() {
    let (guard, resolver) = guard();
    let port = guard.open().await.unwrap();
    let (asked, origin) = (Asked::default(), Server::echo("127.0.0.2").await);
    let (log, to) = (Arc::clone(&asked), origin.address);
    let proxy = Server::start("127.0.0.4", move |stream| http_proxy(stream, Arc::clone(&log), to)).await;
    set(&port, &format!("http://ann:pass%20word@127.0.0.4:{}", proxy.port()));
    echoes(&port, "Site.Example", 443).await;
    echoes(&port, "2606:4700::1", 8443).await;
    assert_eq!(
        *asked.lock(),
        [
            format!("CONNECT site.example:443 HTTP/1.1\r\nHost: site.example:443\r\n{BASIC}\r\n\r\n"),
            format!("CONNECT [2606:4700::1]:8443 HTTP/1.1\r\nHost: [2606:4700::1]:8443\r\n{BASIC}\r\n\r\n"),
        ]
    );
    assert!(resolver.asked().is_empty());
    assert_eq!(port.traffic(), Traffic { sent_bytes: 34, received_bytes: 34 });
    // A proxy with a name is resolved, once for each connection.
    set(&port, &format!("http://ann:pass%20word@proxy.example:{}", proxy.port()));
    echoes(&port, "site.example", 443).await;
    assert_eq!(resolver.asked(), ["proxy.example"]);
}

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
async fn a_socks5_proxy_resolves_and_gets_addresses_in_binary() {
    let (guard, resolver) = guard();
    let port = guard.open().await.unwrap();
    let (asked, origin) = (Asked::default(), Server::echo("127.0.0.2").await);
    let (log, to) = (Arc::clone(&asked), origin.address);
    let open = Server::start("127.0.0.4", move |stream| socks_proxy(stream, Arc::clone(&log), to, false)).await;
    let log = Arc::clone(&asked);
    let closed = Server::start("127.0.0.4", move |stream| socks_proxy(stream, Arc::clone(&log), to, true)).await;
    set(&port, &format!("socks5://127.0.0.4:{}", open.port()));
    echoes(&port, "site.example", 443).await;
    set(&port, &format!("socks5h://ann:pass%20word@127.0.0.4:{}", closed.port()));
    echoes(&port, "8.8.8.8", 53).await;
    echoes(&port, "2606:4700::1", 80).await;
    set(&port, &format!("socks5://ann:pass%20word@127.0.0.4:{}", open.port())); // which does not want them
    assert_eq!(reach(&port, "site.example", 443).await.map(drop), Ok(()));
    let v6 = "[38, 6, 71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]:80";
    eventually("all were asked", || asked.lock().len() == 4).await;
    assert_eq!(*asked.lock(), ["site.example:443", "[8, 8, 8, 8]:53", v6, "site.example:443"]);
    assert!(resolver.asked().is_empty());
}

#[tokio::test]
async fn an_https_proxy_is_reached_over_tls_only_with_a_certificate_for_its_name() {
    use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
    let made = rcgen::generate_simple_self_signed(["proxy.example".to_owned()]).unwrap();
    let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let certificate = made.cert.der().clone();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (asked, origin) = (Asked::default(), Server::echo("127.0.0.2").await);
    let (log, to) = (Arc::clone(&asked), origin.address);
    let proxy = Server::start("127.0.0.4", move |stream| {
        let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                http_proxy(stream, log, to).await;
            }
        }
    })
    .await;
    let resolver = Scripted::with(&[("proxy.example", &[&["127.0.0.4"]]), ("other.example", &[&["127.0.0.4"]])]);
    let trusting = super::super::upstream::Tls::trusting(&[certificate]);
    let guard = Guard::with_tls(policy(&["127.0.0.4"], &[]), Arc::clone(&resolver) as _, trusting);
    let port = guard.open().await.unwrap();
    set(&port, &format!("https://ann:pass%20word@proxy.example:{}", proxy.port()));
    echoes(&port, "site.example", 443).await;
    let payload = vec![7; 1_000_000];
    let stream = reach(&port, "site.example", 443).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let mut answer = Vec::new();
    let both = async {
        tokio::join!(
            async {
                write.write_all(&payload).await.unwrap();
                write.shutdown().await.unwrap();
            },
            read.read_to_end(&mut answer)
        )
        .1
        .unwrap()
    };
    tokio::time::timeout(super::PATIENCE, both).await.unwrap();
    assert!(answer == payload);
    assert_eq!(port.traffic(), Traffic { sent_bytes: 1_000_017, received_bytes: 1_000_017 });
    // Another name, nobody who is trusted, and no TLS at all.
    let stranger = Guard::new(policy(&["127.0.0.4"], &[]), resolver).open().await.unwrap();
    set(&port, &format!("https://other.example:{}", proxy.port()));
    set(&stranger, &format!("https://proxy.example:{}", proxy.port()));
    for port in [&port, &stranger] {
        assert_eq!(reach(port, "b.example", 443).await.unwrap_err(), 1);
        let failure = failure(port, "b.example", 443);
        assert_eq!(failure, Failure::Upstream(UpstreamFailure::Certificate));
        assert_eq!(failure.chromium_error(), "net::ERR_PROXY_CERTIFICATE_INVALID");
    }
    let plain = Server::greeter("127.0.0.4", "HTTP/1.1 400 Bad\r\n\r\n").await;
    set(&port, &format!("https://{}", plain.address));
    assert_eq!(reach(&port, "c.example", 443).await.unwrap_err(), 1);
    assert_eq!(failure(&port, "c.example", 443), Failure::Upstream(UpstreamFailure::BadAnswer));
}

#[tokio::test]
async fn proxies_that_fail_fail_clearly_and_nothing_goes_directly() {
    let (guard, _) = guard();
    let port = guard.open().await.unwrap();
    let origin = Server::echo("127.0.0.4").await; // would be reachable directly
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(17_000));
    let answers: [(&'static str, UpstreamFailure); 9] = [
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", UpstreamFailure::Refused(502)),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", UpstreamFailure::Refused(403)),
        ("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n", UpstreamFailure::Refused(301)),
        ("HTTP/2 200\r\n\r\n", UpstreamFailure::BadAnswer),
        ("HTTP/1.1 20 OK\r\n\r\n", UpstreamFailure::BadAnswer),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", UpstreamFailure::BadAnswer),
        ("HTTP/1.1 200 OK\r\n", UpstreamFailure::BadAnswer), // and closes
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
        tokio::time::pause(); // from here on waiting takes no time
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
async fn what_a_proxy_sends_with_its_answer_belongs_to_the_page() {
    let (guard, _) = guard();
    let port = guard.open().await.unwrap();
    let proxy = Server::start("127.0.0.4", |mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nearly bytes").await.unwrap();
    })
    .await;
    set(&port, &format!("http://127.0.0.4:{}", proxy.port()));
    let mut stream = reach(&port, "site.example", 443).await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"early bytes");
    assert_eq!(port.traffic().received_bytes, 11);
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

#[tokio::test]
async fn a_proxy_without_tunnels_to_port_80_gets_requests_in_absolute_form() {
    let (guard, _) = guard();
    let port = guard.open().await.unwrap();
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let squid = Server::start("127.0.0.4", move |mut stream| {
        let log = Arc::clone(&log);
        async move {
            let head = read_head(&mut stream).await;
            let tunnel = head.starts_with("CONNECT");
            log.lock().push(head);
            if tunnel {
                stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                return;
            }
            let mut body = [0; 4];
            stream.read_exact(&mut body).await.unwrap();
            assert_eq!(&body, b"body");
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello").await.unwrap();
        }
    })
    .await;
    set(&port, &format!("http://ann:pass%20word@127.0.0.4:{}", squid.port()));
    assert_eq!(reach(&port, "site.example", 443).await.unwrap_err(), 1, "only to port 80");
    let said = "POST /a?b=c HTTP/1.1\r\nHost: site.example\r\nConnection: keep-alive, X-Mine\r\nProxy-Authorization: Basic x\r\n\
                Upgrade: websocket\r\nX-Mine: 1\r\nContent-Length: 4\r\n\r\nbody";
    for _ in 0..2 {
        let mut stream = reach(&port, "site.example", 80).await.unwrap();
        stream.write_all(&said.as_bytes()[..30]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        stream.write_all(&said.as_bytes()[30..]).await.unwrap();
        assert!(read_all(&mut stream).await.unwrap().ends_with(b"hello"));
    }
    let tunnel = |to: u16| format!("CONNECT site.example:{to} HTTP/1.1\r\nHost: site.example:{to}\r\n{BASIC}\r\n\r\n");
    let absolute = format!(
        "POST http://site.example/a?b=c HTTP/1.1\r\nHost: site.example\r\nX-Mine: 1\r\nContent-Length: 4\r\nConnection: close\r\n{BASIC}\r\n\r\n"
    );
    assert_eq!(*asked.lock(), [tunnel(443), tunnel(80), absolute.clone(), absolute], "and is remembered");
    // What is not plainly HTTP goes nowhere.
    for garbage in [
        "GET http://evil.example/ HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nProxy-Authorization: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 x\r\n\r\n",
        "\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
    ] {
        let mut stream = reach(&port, "site.example", 80).await.unwrap();
        stream.write_all(garbage.as_bytes()).await.unwrap();
        assert_eq!(read_all(&mut stream).await.unwrap(), b"", "{garbage}");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(asked.lock().iter().skip(4).all(String::is_empty), "nothing of it was sent");
}

#[tokio::test]
async fn a_renewed_port_has_forgotten_the_proxy_and_contexts_do_not_share_credentials() {
    let guard = Guard::new(policy(&["127.0.0.4", "127.0.0.2"], &[]), Scripted::with(&[]));
    let (ann, bob) = (guard.open().await.unwrap(), guard.open().await.unwrap());
    let (asked, origin) = (Asked::default(), Server::echo("127.0.0.2").await);
    let (log, to) = (Arc::clone(&asked), origin.address);
    let proxy = Server::start("127.0.0.4", move |stream| http_proxy(stream, Arc::clone(&log), to)).await;
    set(&ann, &format!("http://ann:pass%20word@127.0.0.4:{}", proxy.port()));
    set(&bob, &format!("http://bob:other@127.0.0.4:{}", proxy.port()));
    echoes(&ann, "site.example", 443).await;
    assert!(reach(&bob, "site.example", 443).await.is_err());
    assert_eq!(asked.lock().iter().filter(|head| head.contains(BASIC)).count(), 1);
    ann.renew();
    echoes(&ann, "127.0.0.2", origin.port()).await;
    assert_eq!(proxy.accepted(), 2);
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
