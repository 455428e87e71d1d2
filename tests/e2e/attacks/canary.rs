//! A listener that sessions must not reach, on one port of every address of this machine, over TCP and UDP.

use std::{fmt::Write, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

/// The canary's answer to every connection, which a page must never be able to read.
pub(super) const SONG: &str = "I am the canary";
/// Bytes of a connection that are recorded; enough to recognise it.
const BEGINNING: usize = 200;

/// A canary, which listens until dropped.
#[derive(Debug)]
pub(super) struct Canary {
    port: u16,
    seen: Seen,
    _singing: JoinSet<()>,
}

type Seen = Arc<Mutex<Vec<String>>>;

impl Canary {
    /// Starts listening.
    pub(super) async fn start() -> Self {
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("[::]:0").await.unwrap(); // accepts IPv4 as well
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (tcp, udp);
            }
        };
        let (port, seen) = (tcp.local_addr().unwrap().port(), Seen::default());
        let mut singing = JoinSet::new();
        singing.spawn(connections(tcp, Arc::clone(&seen)));
        singing.spawn(datagrams(udp, Arc::clone(&seen)));
        Self { port, seen, _singing: singing }
    }

    /// The port of the canary.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The connections that reached it.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().clone()
    }
}

async fn connections(listener: TcpListener, seen: Seen) {
    let mut open = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let index = {
            let mut seen = seen.lock();
            seen.push(format!("TCP to {}", stream.local_addr().unwrap().ip()));
            seen.len() - 1
        };
        open.spawn(sing(stream, index, Arc::clone(&seen)));
    }
}

async fn sing(mut stream: TcpStream, index: usize, seen: Seen) {
    let mut beginning = [0; BEGINNING];
    let read = stream.read(&mut beginning).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&beginning[..read]);
    let line = text.lines().next().unwrap_or_default().to_owned();
    let _ = write!(seen.lock()[index], ": {line:?}"); // writing to a string cannot fail
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{SONG}",
        SONG.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await; // the client may be gone already
}

async fn datagrams(socket: UdpSocket, seen: Seen) {
    let mut datagram = [0; BEGINNING];
    loop {
        let Ok((read, from)) = socket.recv_from(&mut datagram).await else { continue };
        seen.lock().push(format!("UDP from {from}: {:?}", datagram.get(..read.min(8))));
    }
}
