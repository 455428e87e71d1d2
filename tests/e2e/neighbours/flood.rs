//! The part of the site that sends too much: a WebSocket that never stops, and answers that inflate.

use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

/// Size of one WebSocket message in bytes.
const MESSAGE: usize = 1 << 20;
/// Bits of the deflated instruction "repeat the last byte 258 times". Eight instructions therefore fill 13 bytes.
const BITS_PER_REPEAT: usize = 13;
/// Bytes that are written at once.
const PIECE: usize = BITS_PER_REPEAT << 10;

/// Sends until dropped.
#[derive(Debug)]
pub(super) struct Flood {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Flood {
    /// Starts listening.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let (address, mut serving) = (listener.local_addr().unwrap(), JoinSet::new());
        serving.spawn(async move {
            let mut connections = JoinSet::<Option<()>>::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, _serving: serving }
    }

    /// Host and port.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Answers plain requests with a body that inflates without end, and a WebSocket with messages without end.
async fn serve(stream: TcpStream) -> Option<()> {
    let mut start = [0; 12];
    while stream.peek(&mut start).await.ok()? < start.len() {
        tokio::task::yield_now().await;
    }
    if !start.starts_with(b"GET /bomb") {
        let mut socket = accept_async(stream).await.ok()?.split().0;
        loop {
            socket.send(Message::binary(vec![b'x'; MESSAGE])).await.ok()?;
        }
    }
    bomb(stream).await
}

async fn bomb(mut stream: TcpStream) -> Option<()> {
    let mut head = [0; 4096];
    let _request = stream.read(&mut head).await.ok()?;
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\naccess-control-allow-origin: *\r\n\
                  content-encoding: gzip\r\nconnection: close\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.write_all(&[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]).await.ok()?; // a gzip header without optional fields
    let (start, repeats) = deflated();
    stream.write_all(&start).await.ok()?;
    loop {
        stream.write_all(&repeats).await.ok()?;
    }
}

/// A deflated "aaaa…": its first bytes, and a piece that continues it for as long as it is repeated.
fn deflated() -> (Vec<u8>, Vec<u8>) {
    // The last block, with fixed codes; then the letter `a` as 0x30 + 97 in eight bits, the highest first.
    let mut bits = vec![true, true, false];
    bits.extend((0..8).rev().map(|bit| (0x30 + b'a') >> bit & 1 == 1));
    // Length 258 is code 285, 0b1100_0101; distance 1 is code 0 in five bits.
    let repeat: Vec<bool> = (0..8).rev().map(|bit| 0b1100_0101 >> bit & 1 == 1).chain([false; 5]).collect();
    while bits.len() < 8 * PIECE {
        bits.extend(&repeat);
    }
    // From here on the bits repeat every 13 bytes.
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let bytes: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    let (start, rest) = bytes.split_at(BITS_PER_REPEAT);
    let whole = rest.len() / BITS_PER_REPEAT * BITS_PER_REPEAT;
    (start.to_vec(), rest[..whole].to_vec())
}
