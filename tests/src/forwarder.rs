//! A TCP forwarder on loopback: clients keep its address while servers behind it are replaced and networks fail.

use std::{net::Ipv4Addr, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A running forwarder. Dropping it closes every connection.
#[derive(Debug)]
pub struct Forwarder {
    port: u16,
    state: watch::Sender<State>,
    _connections: Arc<Mutex<JoinSet<()>>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The port that new connections go to.
    target: u16,
    /// Whether bytes are held back in both directions.
    hole: bool,
    /// Connections of an earlier generation are closed.
    generation: u64,
}

impl Forwarder {
    /// Starts forwarding to this port of loopback.
    pub async fn start(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, seen) = watch::channel(State { target, hole: false, generation: 0 });
        let connections = Arc::new(Mutex::new(JoinSet::new()));
        let others = Arc::downgrade(&connections);
        connections.lock().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Some(connections) = others.upgrade() else { return };
                let mut connections = connections.lock();
                while connections.try_join_next().is_some() {}
                connections.spawn(forward(client, seen.clone()));
            }
        });
        Self { port, state, _connections: connections }
    }

    /// The port that the forwarder listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends new connections to another port; existing ones are not affected.
    pub fn aim(&self, target: u16) {
        self.state.send_modify(|state| state.target = target);
    }

    /// Holds back all bytes from now on, without closing a connection.
    pub fn fall_silent(&self) {
        self.state.send_modify(|state| state.hole = true);
    }

    /// Passes on the bytes that were held back, and all later ones.
    pub fn go_on(&self) {
        self.state.send_modify(|state| state.hole = false);
    }

    /// Closes the open connections; new ones are accepted.
    pub fn close_all(&self) {
        self.state.send_modify(|state| {
            state.hole = false;
            state.generation += 1;
        });
    }
}

async fn forward(client: TcpStream, seen: watch::Receiver<State>) {
    let State { target, generation, .. } = *seen.borrow();
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let mut closing = seen.clone();
    tokio::select! {
        () = pass(from_client, to_server, seen.clone()) => {}
        () = pass(from_server, to_client, seen) => {}
        _ = closing.wait_for(|state| state.generation != generation) => {}
    }
}

/// Passes bytes on until one side closes.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut seen: watch::Receiver<State>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if seen.wait_for(|state| !state.hole).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_kept_back_arrives_later_and_new_connections_go_elsewhere() {
        let (one, two) = (echo("one").await, echo("two").await);
        let forwarder = Forwarder::start(one).await;
        let mut old = TcpStream::connect(("127.0.0.1", forwarder.port())).await.unwrap();
        assert_eq!(asked(&mut old).await, "one");
        forwarder.aim(two);
        let mut new = TcpStream::connect(("127.0.0.1", forwarder.port())).await.unwrap();
        assert_eq!((asked(&mut old).await, asked(&mut new).await), ("one".to_owned(), "two".to_owned()));
        forwarder.fall_silent();
        let short = std::time::Duration::from_millis(100);
        tokio::time::timeout(short, asked(&mut old)).await.expect_err("nothing is passed on");
        forwarder.go_on();
        let mut kept = [0; 3];
        old.read_exact(&mut kept).await.unwrap();
        assert_eq!(&kept, b"one");
        forwarder.close_all();
        assert_eq!(old.read(&mut kept).await.unwrap_or(0), 0);
    }

    #[expect(clippy::disallowed_methods, reason = "it ends with its test's runtime")]
    async fn echo(word: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(repeat(stream, word));
            }
        });
        port
    }

    async fn repeat(mut stream: TcpStream, word: &str) {
        while stream.read_u8().await.is_ok() {
            stream.write_all(word.as_bytes()).await.unwrap();
        }
    }

    async fn asked(stream: &mut TcpStream) -> String {
        stream.write_all(b"?").await.unwrap();
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}
