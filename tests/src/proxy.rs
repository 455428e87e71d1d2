//! A user's proxy on loopback: HTTP or SOCKS5, with credentials. It records requested targets, and resolves names that
//! resolve nowhere else.

use std::{net::Ipv4Addr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The user of the proxies in the tests.
pub const USER: &str = "walter";
/// The password of [`USER`]; it contains characters that must be encoded in an address.
pub const PASSWORD: &str = "hunter2/q 7x";
/// [`PASSWORD`] as it is encoded in an address.
pub const PASSWORD_IN_URL: &str = "hunter2%2Fq%207x";

/// The protocol of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTTP `CONNECT`.
    Http,
    /// RFC 1928 with user name and password.
    Socks5,
}

/// A running proxy. Dropping it ends it with its connections.
#[derive(Debug)]
pub struct Proxy {
    kind: Kind,
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

#[derive(Debug, Clone)]
struct Route {
    name: &'static str,
    to: String,
}

impl Proxy {
    /// Starts a proxy on a free port. Connections to `name` go to the address `to`; all others are dialled as
    /// requested.
    pub async fn start(kind: Kind, name: &'static str, to: &str) -> Self {
        Self::start_at(kind, 0, name, to).await
    }

    /// Starts a proxy on this port, with the behaviour of [`Proxy::start`].
    pub async fn start_at(kind: Kind, port: u16, name: &'static str, to: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, route) = (Arc::<Mutex<Vec<String>>>::default(), Route { name, to: to.to_owned() });
        let (kept, mut serving) = (Arc::clone(&asked), JoinSet::new());
        serving.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                open.spawn(serve(kind, stream, Arc::clone(&kept), route.clone()));
            }
        });
        Self { kind, port, asked, _serving: serving }
    }

    /// The address with its credentials, for `capture user proxy`.
    pub fn url(&self) -> String {
        self.url_for(USER, PASSWORD_IN_URL)
    }

    /// The address with these credentials.
    pub fn url_for(&self, user: &str, password: &str) -> String {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Socks5 => "socks5",
        };
        format!("{scheme}://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port` of every target that was requested with valid credentials; `refused` for requests with invalid ones.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

/// Every encoding that the credentials have on their way. None of them may be found anywhere else.
pub fn secrets() -> Vec<String> {
    let basic = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    vec!["hunter2".to_owned(), basic, format!("{USER}:")]
}

async fn serve(kind: Kind, mut stream: TcpStream, asked: Arc<Mutex<Vec<String>>>, route: Route) {
    let target = match kind {
        Kind::Http => http(&mut stream).await,
        Kind::Socks5 => socks5(&mut stream).await,
    };
    let Some(target) = target else {
        asked.lock().push("refused".to_owned());
        return;
    };
    asked.lock().push(target.clone());
    let to = if target.starts_with(&format!("{}:", route.name)) { route.to } else { target };
    let Ok(mut origin) = TcpStream::connect(to).await else { return };
    let _ = copy_bidirectional(&mut stream, &mut origin).await; // either side may end the connection with an error
}

async fn http(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let basic = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    if !head.contains(&format!("Proxy-Authorization: Basic {basic}\r\n")) {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
        stream.write_all(refusal).await.ok()?;
        return None;
    }
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    Some(target)
}

async fn socks5(stream: &mut TcpStream) -> Option<String> {
    let [_, count] = read(stream).await?;
    let mut methods = vec![0; usize::from(count)];
    stream.read_exact(&mut methods).await.ok()?;
    assert!(methods.contains(&2), "credentials are offered");
    stream.write_all(&[5, 2]).await.ok()?;
    let [_version] = read(stream).await?;
    let right = [text(stream).await?, text(stream).await?] == [USER, PASSWORD];
    stream.write_all(&[1, u8::from(!right)]).await.ok()?;
    if !right {
        return None;
    }
    let [_, _, _, kind] = read(stream).await?;
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(stream).await?).to_string(),
        3 => text(stream).await?,
        _ => return None,
    };
    let port = u16::from_be_bytes(read(stream).await?);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    Some(format!("{host}:{port}"))
}

async fn read<const N: usize>(stream: &mut TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

/// Reads a text that is preceded by its length.
async fn text(stream: &mut TcpStream) -> Option<String> {
    let [length] = read(stream).await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await.ok()?;
    String::from_utf8(bytes).ok()
}
