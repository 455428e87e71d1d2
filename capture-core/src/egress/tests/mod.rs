//! Shared by the tests: a resolver with scripted answers, servers that count connections, and a client that uses
//! SOCKS5.

mod addresses;
mod bad_upstreams;
mod denials;
mod handshake;
mod hosts;
mod lifetimes;
mod proxies;
mod upstreams;

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{EgressPolicy, EgressPort, Guard, Resolver};
use crate::tasks::Tasks;

/// A generous timeout, since many tests share two cores.
const PATIENCE: Duration = Duration::from_secs(20);

/// A resolver that returns the next scripted answer for a name at each call, and the last one from then on.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<HashMap<&'static str, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    fn with(names: &[(&'static str, &[&[&str]])]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        let answers = names.iter().map(|(name, answers)| (*name, answers.iter().map(parse).collect())).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

impl Resolver for Scripted {
    fn resolve(&self, host: &str, _: &Arc<str>) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        self.asked.lock().push(host.to_owned());
        let mut answers = self.answers.lock();
        let answer = match answers.get_mut(host) {
            Some(answers) if answers.len() > 1 => answers.pop_front(),
            Some(answers) => answers.front().cloned(),
            None => None,
        };
        std::future::ready(answer.ok_or_else(|| io::ErrorKind::NotFound.into())).boxed()
    }
}

/// A policy that allows only public addresses and what these rules allow.
fn policy(allow: &[&str], deny: &[&str]) -> EgressPolicy {
    let rules = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    EgressPolicy::new(false, rules(allow), rules(deny))
}

/// A port of a guard that allows connections to 127.0.0.2, where the tests' origins listen.
async fn open_port() -> (Guard, EgressPort) {
    let guard = Guard::new(policy(&["127.0.0.2"], &[]), Scripted::with(&[]));
    let port = guard.open().await.unwrap();
    (guard, port)
}

/// Binds a listener for an origin. A guard denies the numbers of its own ports at every address of this machine, so an
/// origin on another loopback address takes a number that no port of 127.0.0.1 has.
async fn origin(ip: &str) -> TcpListener {
    let mut unsuitable = Vec::new();
    loop {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let number = listener.local_addr().unwrap().port();
        let elsewhere = ip.starts_with("127.") && ip != "127.0.0.1";
        if !elsewhere || unsuitable.len() == 16 || TcpListener::bind(("127.0.0.1", number)).await.is_ok() {
            return listener;
        }
        // It stays bound until the loop ends, so the next number is another one.
        unsuitable.push(listener);
    }
}

/// A listener, with a count of its connections.
struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    _tasks: Tasks,
}

impl Server {
    /// Serves each connection with `serve`, on this loopback address.
    async fn start<F>(ip: &str, serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = origin(ip).await;
        let (address, accepted, tasks) = (listener.local_addr().unwrap(), Arc::default(), Tasks::default());
        let (count, connections) = (Arc::clone(&accepted), Tasks::default());
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                AtomicUsize::fetch_add(&count, 1, Ordering::Relaxed);
                connections.spawn(serve(stream));
            }
        });
        Self { address, accepted, _tasks: tasks }
    }

    /// An origin that returns what it receives, and ends after the client.
    async fn echo(ip: &str) -> Self {
        Self::start(ip, |mut stream| async move {
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
            let _ = write.shutdown().await;
        })
        .await
    }

    /// An origin that sends its name and ends.
    async fn greeter(ip: &str, name: &'static str) -> Self {
        Self::start(ip, move |mut stream| async move {
            let _ = stream.write_all(name.as_bytes()).await;
        })
        .await
    }

    /// An origin that keeps the connection open and sends nothing.
    async fn silent(ip: &str) -> Self {
        Self::start(ip, |stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// The bytes of a request for a name, which Chromium sends for addresses too.
fn request(host: &str, port: u16) -> Vec<u8> {
    let mut bytes = vec![5, 1, 0, 3, u8::try_from(host.len()).unwrap()];
    bytes.extend_from_slice(host.as_bytes());
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes
}

/// Requests a connection from the port; returns the reply code if it is refused.
async fn ask(port: &EgressPort, request: &[u8]) -> Result<TcpStream, u8> {
    let mut stream = TcpStream::connect(port.address()).await.unwrap();
    stream.write_all(&[5, 1, 0]).await.unwrap();
    assert_eq!(read(&mut stream, 2).await, [5, 0]);
    stream.write_all(request).await.unwrap();
    let reply = read(&mut stream, 10).await;
    assert_eq!((reply[0], &reply[2..]), (5, &[0, 1, 0, 0, 0, 0, 0, 0][..]));
    if reply[1] == 0 { Ok(stream) } else { Err(reply[1]) }
}

/// Connects to a target through the port.
async fn reach(port: &EgressPort, host: &str, to: u16) -> Result<TcpStream, u8> {
    ask(port, &request(host, to)).await
}

async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("an answer").unwrap();
    bytes
}

/// Reads everything until the end.
async fn read_all(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end")?;
    Ok(bytes)
}

/// Waits until the condition holds.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}
