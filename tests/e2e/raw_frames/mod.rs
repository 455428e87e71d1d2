//! Clients that break every rule on the wire: each is closed with a code, or waits; other clients are not affected, and
//! nothing is left behind.

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

/// How much the process may grow in bytes; it also contains the client and the other tests.
const GROWTH: u64 = 64 << 20;
/// How long any other client may wait for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// First byte of a continuation frame that is the last of its message.
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

    /// Runs the misbehaviour while a bystander is answered continuously.
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

    /// Checks that all other connections are gone, and that their memory is freed.
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

/// A request as a frame of this codec.
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
