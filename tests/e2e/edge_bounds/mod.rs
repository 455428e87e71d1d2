//! What one client can take of the server by not reading, not sending or requesting too much. In every test another
//! user is served in the meantime, and the memory is freed afterwards.

mod http;
mod replies;
mod sockets;
mod tokens;

use std::time::Duration;

use capture_tests::{Client, Server, until};
use serde_json::json;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, timeout},
};

/// How long another user's calls may take on a busy machine; without the limits they would not end at all.
const SERVED: Duration = Duration::from_secs(8);
/// Bytes of memory that a server may keep: allocators return the largest pieces at once, and others later.
const KEPT: u64 = 64 << 20;

/// Memory of the server process itself in bytes, without its browsers.
fn memory(server: &Server) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", server.pid())).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Checks that another user's session works, and that the server reports itself alive.
async fn assert_served(server: &Server, other: &Client, id: &str) {
    let began = Instant::now();
    let health = timeout(SERVED, server.client("").get("/healthz")).await;
    health.unwrap_or_else(|_| panic!("/healthz is not answered")).expect(200);
    let title = timeout(SERVED, other.act(id, "title", json!({}))).await;
    title.unwrap_or_else(|_| panic!("another user's title is not answered after {:?}", began.elapsed())).expect(200);
}

/// Waits until the server uses at most this much memory.
async fn assert_memory_is_back(server: &Server, most: u64, limit: Duration) {
    let back = async || memory(server) <= most;
    until(&format!("memory is back at {} MiB", most >> 20), limit, back).await;
}

/// A connection from another loopback address, as if from another machine, with a small receive buffer.
async fn from_elsewhere(server: &Server) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(16 << 10)?;
    socket.bind("127.0.0.2:0".parse().unwrap())?;
    socket.connect(server.address().parse().unwrap()).await
}
