//! Clients that break every rule on the wire: each is told why, or waits; nobody else notices, and nothing is left behind.

mod broken;
mod endings;
mod floods;
mod whole;

use std::time::Duration;

use capture_core::browser::simulated::Simulated;
use capture_tests::{
    Channel, RawSocket, SimulatedServer, processes,
    raw::{BINARY, TEXT, frame},
    until,
};
use capture_ws::{codec::Codec, limits::ChannelLimits};
use serde_json::{Value, json};

/// What the process may have grown by; it also holds the client and the other tests.
const GROWTH: u64 = 64 << 20;
/// Longest that anyone else waits for an answer meanwhile.
const ANSWER: Duration = Duration::from_secs(5);
/// A continuation, the last of its message.
const LAST: u8 = 0x80;

struct Stage {
    server: SimulatedServer,
    bystander: Channel,
    memory: u64,
}

impl Stage {
    async fn set(limits: ChannelLimits) -> Self {
        let server = SimulatedServer::start(Simulated::default(), limits).await;
        let mut bystander = server.channel(Codec::Json).await;
        bystander.request("connection.ping", "", json!({})).await;
        Self { server, bystander, memory: memory() }
    }

    async fn socket(&self, codec: Codec) -> RawSocket {
        RawSocket::open(&self.server.address(), &SimulatedServer::token(), codec).await
    }

    async fn stranger(&self) -> RawSocket {
        RawSocket::open(&self.server.address(), "", Codec::Json).await
    }

    /// Lets someone misbehave; a bystander is answered all the while.
    async fn during<T>(&mut self, misbehaviour: impl Future<Output = T>) -> T {
        let answered = async {
            loop {
                let answer = self.bystander.request("connection.ping", "", json!({}));
                tokio::time::timeout(ANSWER, answer).await.expect("a bystander waits");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            done = misbehaviour => done,
            () = answered => unreachable!("it goes on for ever"),
        }
    }

    /// Everyone else is gone, and what they took is given back.
    async fn end(mut self) {
        let channels = self.server.channels.clone();
        until("their places are free", Duration::from_secs(10), async || channels.open() == 1).await;
        self.bystander.request("connection.ping", "", json!({})).await;
        let (before, after) = (self.memory, memory());
        assert!(after < before + GROWTH, "the process grew from {before} to {after} bytes");
        self.server.stop().await;
    }
}

fn memory() -> u64 {
    processes::own_memory(std::process::id())
}

fn ping(id: u64) -> Vec<u8> {
    json!({"id": id, "method": "connection.ping"}).to_string().into_bytes()
}

/// The request as a frame of this codec.
fn request(codec: Codec, request: &Value) -> Vec<u8> {
    let first = if codec == Codec::Json { TEXT } else { BINARY };
    frame(first, &codec.encode(request).unwrap())
}

fn answered_id(codec: Codec, payload: &[u8]) -> u64 {
    let message = codec.message(payload.to_vec().into());
    let answer = codec.decode(&message, 64).unwrap();
    assert_eq!(answer["type"], "success", "{answer}");
    answer["id"].as_u64().unwrap()
}
