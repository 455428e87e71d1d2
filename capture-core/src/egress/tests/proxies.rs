//! The proxies of the tests, and a guard that allows connections to them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
    time::Instant,
};

use super::{
    super::{EgressPort, Failure, Guard, Upstream},
    Scripted, policy, reach, read,
};

/// The requests that a test proxy received, as text.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

/// The header for `ann:pass word`.
pub(super) const BASIC: &str = "Proxy-Authorization: Basic YW5uOnBhc3Mgd29yZA==";

/// An HTTP proxy that requires Ann's credentials, and makes tunnels to this origin whatever the requested target.
pub(super) async fn http_proxy<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, asked: Asked, origin: SocketAddr) {
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

pub(super) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// A SOCKS5 proxy. With `password` it requires Ann's password.
pub(super) async fn socks_proxy(mut stream: TcpStream, asked: Asked, origin: SocketAddr, password: bool) {
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
    stream.write_all(&[5, 0, 0, 3, 2, b'a', b'b', 0, 0]).await.unwrap(); // an address of a rare type
    let mut origin = TcpStream::connect(origin).await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut origin).await;
}

/// A guard that allows connections to proxies on 127.0.0.4 and to no other local address; a proxy may have a name.
pub(super) fn guard() -> (Guard, Arc<Scripted>) {
    let resolver = Scripted::with(&[("proxy.example", &[&["127.0.0.4"]]), ("inside.example", &[&["127.0.0.1"]])]);
    (Guard::new(policy(&["127.0.0.4"], &["denied.example"]), Arc::clone(&resolver) as _), resolver)
}

pub(super) fn set(port: &EgressPort, url: &str) {
    port.set_upstream(Some(Upstream::parse(url).unwrap()));
}

pub(super) fn failure(port: &EgressPort, host: &str, to: u16) -> Failure {
    port.failure(host, to, Instant::now() - Duration::from_secs(3600)).unwrap()
}

pub(super) async fn echoes(port: &EgressPort, host: &str, to: u16) {
    let mut stream = reach(port, host, to).await.unwrap_or_else(|code| panic!("{host}:{to}: {code}"));
    stream.write_all(b"through the proxy").await.unwrap();
    assert_eq!(read(&mut stream, 17).await, b"through the proxy");
}
