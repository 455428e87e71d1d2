//! Clients that send faster than the server reads: their bytes wait in the socket.

use std::time::Duration;

use capture_tests::{
    RawSocket,
    raw::{NOT_LAST, PING, PONG, TEXT, frame},
};
use capture_ws::{codec::Codec, limits::ChannelLimits};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{LAST, Stage, answered_id, ping, request};

#[tokio::test]
async fn a_flood_of_requests_waits_in_the_socket_and_all_are_answered() {
    const REQUESTS: u64 = 600;
    let limits = ChannelLimits { requests_per_second: 100, request_burst: 50, ..ChannelLimits::default() };
    let mut stage = Stage::set(limits).await;
    let RawSocket { mut sender, mut receiver } = stage.socket(Codec::Json).await;
    // More bytes than the kernel buffers for the server.
    let padding = "x".repeat(64 << 10);
    let begun = Instant::now();
    let sending = async {
        for id in 0..REQUESTS {
            let method = if id % 2 == 0 { "connection.ping" } else { "session.fly" };
            let flood = json!({"id": id, "method": method, "params": {"padding": padding}});
            assert!(sender.send(&request(Codec::Json, &flood)).await);
        }
        begun.elapsed()
    };
    let receiving = async {
        for id in 0..REQUESTS {
            let answer: Value = serde_json::from_slice(&receiver.next().await.unwrap().payload).unwrap();
            assert_eq!(answer["id"], id, "each is answered in its turn");
        }
        begun.elapsed()
    };
    let (sent, answered) = stage.during(async { tokio::join!(sending, receiving) }).await;
    assert!(sent > Duration::from_secs(3), "the server read it all within {sent:?}");
    assert!(answered > Duration::from_secs(5), "{REQUESTS} requests took {answered:?}");
    drop((sender, receiver));
    stage.end().await;
}

#[tokio::test]
async fn a_flood_of_heartbeats_waits_in_the_socket() {
    // The server notices that a client left when it writes to it, however much it has not yet read.
    let limits = ChannelLimits { idle: Duration::from_secs(1), ..ChannelLimits::default() };
    let mut stage = Stage::set(limits).await;
    for (known, first) in [(true, PING), (true, PONG), (false, PING)] {
        let socket = if known { stage.socket(Codec::Json).await } else { stage.stranger().await };
        let RawSocket { mut sender, receiver } = socket;
        let flood = frame(first, &[b'a'; 125]).repeat(1_000);
        let mut sent = 0;
        let sending = async {
            while sender.send(&flood).await {
                sent += flood.len();
            }
        };
        stage.during(async { drop(tokio::time::timeout(Duration::from_secs(2), sending).await) }).await;
        // The unread bytes are in the client and in the kernel, which buffers a few MiB.
        assert!(sent < 16 << 20, "the server read {sent} bytes of heartbeats, known {known}, {first:x}");
        drop((sender, receiver));
    }
    stage.end().await;
}

#[tokio::test]
async fn a_flood_of_empty_fragments_starves_nobody() {
    let mut stage = Stage::set(ChannelLimits::default()).await;
    let RawSocket { mut sender, mut receiver } = stage.socket(Codec::Json).await;
    let flood = frame(0, b"").repeat(10_000);
    assert!(sender.send(&frame(TEXT ^ NOT_LAST, b"")).await);
    let sending = async {
        for _ in 0..100 {
            assert!(sender.send(&flood).await);
        }
        assert!(sender.send(&frame(LAST, &ping(7))).await);
        receiver.next().await.unwrap()
    };
    let answer = stage.during(sending).await;
    assert_eq!(answered_id(Codec::Json, &answer.payload), 7);
    drop((sender, receiver));
    stage.end().await;
}
