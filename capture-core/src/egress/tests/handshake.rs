//! Tests with clients that are not Chromium.

use std::time::Duration;

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use super::{
    super::{Failure, socks},
    Server, ask, eventually, open_port, reach, read, read_all, request,
};

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic_or_read_past_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(Some(length)) = socks::greeting(&bytes) {
            prop_assert!(length <= bytes.len());
        }
        if let Ok(Some((_, rest))) = socks::request(&bytes) {
            prop_assert!(rest.len() <= bytes.len() - 10);
        }
    }

    #[test]
    fn a_request_is_the_same_however_it_is_cut(name in "[ -~]{4,255}", port: u16, early in "[a-z]{0,20}", cut in 0..300_usize) {
        let mut bytes = request(&name, port);
        let whole = bytes.len();
        bytes.extend_from_slice(early.as_bytes());
        let cut = cut.min(whole - 1);
        prop_assert_eq!(socks::request(&bytes[..cut]), Ok(None));
        let expected = socks::Request { host: name, port };
        prop_assert_eq!(socks::request(&bytes), Ok(Some((expected, early.as_bytes()))));
    }
}

#[tokio::test]
async fn a_handshake_byte_by_byte_is_served() {
    let (_guard, port) = open_port().await;
    let origin = Server::echo("127.0.0.2").await;
    let mut stream = TcpStream::connect(port.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for (bytes, reply) in
        [(vec![5, 3, 1, 2, 0], vec![5, 0]), (request("127.0.0.2", origin.port()), socks::CONNECTED.to_vec())]
    {
        for byte in bytes {
            stream.write_all(&[byte]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(read(&mut stream, reply.len()).await, reply);
    }
    stream.write_all(b"hello").await.unwrap();
    assert_eq!(read(&mut stream, 5).await, b"hello");
}

#[tokio::test]
async fn everything_in_one_piece_with_early_bytes_is_served() {
    let (_guard, port) = open_port().await;
    let origin = Server::echo("127.0.0.2").await;
    let mut stream = TcpStream::connect(port.address()).await.unwrap();
    let bytes = [&[5, 1, 0][..], &request("127.0.0.2", origin.port()), b"early"].concat();
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(read(&mut stream, 2).await, socks::GREETED);
    assert_eq!(read(&mut stream, 10).await, socks::CONNECTED);
    assert_eq!(read(&mut stream, 5).await, b"early");
    assert_eq!((port.traffic().sent_bytes, port.traffic().received_bytes), (5, 5));
}

#[tokio::test]
async fn what_is_not_our_socks_is_closed_with_the_answer_of_the_rfc() {
    let (_guard, port) = open_port().await;
    let greeted = |request: &[u8], code| ([&[5, 1, 0], request].concat(), vec![5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
    for (said, answer) in [
        (b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n".to_vec(), vec![]),
        (b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n".to_vec(), vec![]),
        (vec![4, 1, 0, 80, 127, 0, 0, 1, 0], vec![]),
        (vec![0; 600], vec![]),
        (vec![5, 0], vec![5, 0xff]),
        (vec![5, 2, 1, 2], vec![5, 0xff]),
        (vec![5, 1, 0, 4], vec![5, 0]),
        (vec![5, 1, 0, 5, 1, 7], vec![5, 0]),
        greeted(&[5, 2, 0, 1, 127, 0, 0, 1, 0, 80], 7),
        greeted(&[5, 3, 0, 1, 127, 0, 0, 1, 0, 80], 7),
        greeted(&[5, 1, 0, 2, 127, 0, 0, 1, 0, 80], 8),
        greeted(&request("", 80), 2),
        greeted(&request("127.0.0.1", 0), 2),
        greeted(&request("127.0.0.2", 0), 2),
        greeted(&request("a\0b", 80), 2),
    ] {
        let mut stream = TcpStream::connect(port.address()).await.unwrap();
        stream.write_all(&said).await.unwrap();
        // Unread input may reset the connection, after the answer or instead of it.
        let answered = read_all(&mut stream).await.unwrap_or_default();
        assert!(answered == answer || (answered.is_empty() && said.len() > 20), "{said:?}: {answered:?}");
    }
    assert_eq!(
        port.failure("a\0b", 80, Instant::now() - Duration::from_secs(60)).unwrap().reason(),
        Some("blocked_by_egress_policy")
    );
}

#[tokio::test]
async fn addresses_in_binary_form_are_judged_like_all_others() {
    let (_guard, port) = open_port().await;
    let origin = Server::greeter("127.0.0.2", "hi").await;
    let [high, low] = origin.port().to_be_bytes();
    let mut stream = ask(&port, &[5, 1, 0, 1, 127, 0, 0, 2, high, low]).await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"hi");
    let mapped = [&[5, 1, 0, 4][..], &[0; 10], &[255, 255, 127, 0, 0, 2, high, low]].concat();
    let mut stream = ask(&port, &mapped).await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"hi");
    assert_eq!(ask(&port, &[5, 1, 0, 1, 127, 0, 0, 1, high, low]).await.unwrap_err(), 2);
}

#[tokio::test]
async fn a_client_that_does_not_say_its_target_is_closed_after_ten_seconds() {
    let (guard, port) = open_port().await;
    for said in [&[][..], &[5], &[5, 1, 0], &[5, 1, 0, 5, 1, 0, 3, 200]] {
        let mut stream = TcpStream::connect(port.address()).await.unwrap();
        stream.write_all(said).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await; // the guard has received it by now
        tokio::time::pause(); // from here on, time advances without waiting
        let begin = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        let waited = begin.elapsed();
        tokio::time::resume();
        assert!((9..12).contains(&waited.as_secs()), "{waited:?}");
    }
    eventually("only the port is left", || guard.alive() == 1).await;
}

#[tokio::test]
async fn too_many_silent_clients_are_closed_and_those_that_come_later_are_served() {
    let (_guard, port) = open_port().await;
    let origin = Server::greeter("127.0.0.2", "hi").await;
    let since = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(port.address()).await.unwrap());
    }
    let mut one_more = TcpStream::connect(port.address()).await.unwrap();
    assert_eq!(read_all(&mut one_more).await.unwrap(), b"", "closed without a word");
    assert_eq!(port.failure("any.example", 80, since), Some(Failure::Busy));
    drop(silent);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(read_all(&mut reach(&port, "127.0.0.2", origin.port()).await.unwrap()).await.unwrap(), b"hi");
}

#[tokio::test]
async fn a_context_has_256_connections_and_gets_their_places_back() {
    let (guard, port) = open_port().await;
    let origin = Server::silent("127.0.0.2").await;
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(reach(&port, "127.0.0.2", origin.port()).await.unwrap());
    }
    let mut one_more = TcpStream::connect(port.address()).await.unwrap();
    assert_eq!(read_all(&mut one_more).await.unwrap(), b"");
    assert_eq!(guard.alive(), 257);
    let elsewhere = guard.open().await.unwrap();
    assert!(reach(&elsewhere, "127.0.0.2", origin.port()).await.is_ok(), "another context has its own");
    drop(elsewhere);
    port.renew();
    eventually("all ended", || guard.alive() == 1).await;
    assert!(reach(&port, "127.0.0.2", origin.port()).await.is_ok());
}
