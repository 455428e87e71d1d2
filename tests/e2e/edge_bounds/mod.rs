//! What one client can take of the server by not reading, not sending or asking for too much: each time another user is
//! served meanwhile, and the memory is back afterwards.

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

/// How long another user's calls may take on a busy machine; without the bounds they do not end at all.
const SERVED: Duration = Duration::from_secs(8);
/// Memory a server may keep of what is over: allocators return the largest pieces at once, others when it suits them.
const KEPT: u64 = 64 << 20;

/// Memory of the server process itself, its browsers not counted.
fn memory(server: &Server) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", server.pid())).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Another user's session is acted in, and the server says that it lives.
async fn assert_served(server: &Server, other: &Client, id: &str) {
    let began = Instant::now();
    let health = timeout(SERVED, server.client("").get("/healthz")).await;
    health.unwrap_or_else(|_| panic!("/healthz is not answered")).expect(200);
    let title = timeout(SERVED, other.act(id, "title", json!({}))).await;
    title.unwrap_or_else(|_| panic!("another user's title is not answered after {:?}", began.elapsed())).expect(200);
}

/// Within a while the server has no more memory than this.
async fn assert_memory_is_back(server: &Server, most: u64, limit: Duration) {
    let back = async || memory(server) <= most;
    until(&format!("memory is back at {} MiB", most >> 20), limit, back).await;
}

/// A connection from another loopback address, as from another machine, that takes little unread.
async fn from_elsewhere(server: &Server) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(16 << 10)?;
    socket.bind("127.0.0.2:0".parse().unwrap())?;
    socket.connect(server.address().parse().unwrap()).await
}
