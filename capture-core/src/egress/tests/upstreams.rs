//! Tests of users' proxies of all kinds that work correctly.

use std::{sync::Arc, time::Duration};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    super::{Failure, Guard, Traffic, UpstreamFailure},
    Scripted, Server, eventually, policy,
    proxies::{Asked, BASIC, echoes, failure, guard, http_proxy, read_head, set, socks_proxy},
    reach, read_all,
};

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
    // A proxy with a name is resolved once for each connection.
    set(&port, &format!("http://ann:pass%20word@proxy.example:{}", proxy.port()));
    echoes(&port, "site.example", 443).await;
    assert_eq!(resolver.asked(), ["proxy.example"]);
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
    set(&port, &format!("socks5://ann:pass%20word@127.0.0.4:{}", open.port())); // the proxy does not require them
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
    // Proxies with a certificate for another name, with an untrusted certificate, and without TLS.
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
    // Requests that are not plain HTTP are not forwarded.
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
