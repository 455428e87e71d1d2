//! Clients that hang up, never read, or never authenticate.

use std::time::Duration;

use capture_tests::{
    RawSocket,
    raw::{BINARY, NOT_LAST, PING, TEXT, claim, frame, unmasked},
    until,
};
use capture_ws::{codec::Codec, limits::ChannelLimits};
use serde_json::json;

use super::{LAST, Stage, answered_id, ping, request};

#[tokio::test]
async fn whoever_hangs_up_or_never_reads_is_let_go() {
    let limits = ChannelLimits { write_timeout: Duration::from_millis(500), ..ChannelLimits::default() };
    let mut stage = Stage::set(limits).await;
    let RawSocket { mut sender, mut receiver } = stage.socket(Codec::Json).await;
    assert!(sender.send(&frame(TEXT, &ping(1))).await);
    assert_eq!(answered_id(Codec::Json, &receiver.next().await.unwrap().payload), 1);
    sender.half_close().await;
    assert_eq!(stage.during(receiver.close_code()).await, None, "the client has gone");
    let mut silent = stage.socket(Codec::Json).await;
    assert!(silent.sender.send(&claim(TEXT, 1 << 20)).await);
    silent.sender.half_close().await;
    assert_eq!(stage.during(silent.receiver.close_code()).await, None, "half a frame is none");
    let session = stage.server.client().create(&json!({})).await;
    let mut deaf = stage.socket(Codec::Json).await;
    for id in 0..20 {
        let value = "x".repeat(900 << 10);
        let act = json!({"id": id, "method": "session.act", "sessionId": session, "key": id.to_string(),
            "params": {"type": "fill", "payload": {"selector": "#a", "value": value}}});
        if !stage.during(deaf.sender.send(&request(Codec::Json, &act))).await {
            break;
        }
    }
    let channels = stage.server.channels.clone();
    stage.during(until("it is let go", Duration::from_secs(10), async || channels.open() == 1)).await;
    drop(deaf);
    stage.end().await;
}

#[tokio::test]
async fn whoever_still_sends_when_it_is_closed_is_not_cut_off_before_it_knows() {
    let mut stage = Stage::set(ChannelLimits::default()).await;
    let large = frame(BINARY, &vec![0xC0; (16 << 20) + 1]);
    for _ in 0..4 {
        let RawSocket { mut sender, mut receiver } = stage.socket(Codec::MessagePack).await;
        let both = async { tokio::join!(sender.send(&large), receiver.close_code()) };
        assert_eq!(stage.during(both).await, (true, Some(1009)), "reset while it sends");
        assert_eq!(receiver.next().await, None, "nothing comes after a close");
    }
    drop(large);
    stage.end().await;
}

#[tokio::test]
async fn a_stranger_has_little_time_and_little_room() {
    let limits = ChannelLimits { hello_timeout: Duration::from_secs(1), ..ChannelLimits::default() };
    let mut stage = Stage::set(limits).await;
    let hello = |bytes: usize| {
        let name = "x".repeat(bytes);
        json!({"id": 1, "method": "connection.hello", "params": {"ticket": "wst_guessed", "client": {"name": name}}})
    };
    for (what, bytes, expected) in [
        ("a wrong ticket", request(Codec::Json, &hello(10)), 4501),
        ("no hello", frame(TEXT, &ping(1)), 4501),
        ("more than 4 KiB", request(Codec::Json, &hello(4 << 10)), 1009),
        (
            "more than 4 KiB in fragments",
            [frame(TEXT ^ NOT_LAST, &[b' '; 4_000]), frame(LAST, &[b' '; 4_000])].concat(),
            1009,
        ),
        ("more than anyone may send", claim(TEXT, 1 << 40), 1009),
        ("not JSON", frame(TEXT, b"{"), 4500),
        ("bytes", frame(BINARY, &ping(1)), 1003),
        ("no mask", unmasked(TEXT, &ping(1)), 1002),
        ("nothing", Vec::new(), 4508),
        ("heartbeats alone", frame(PING, b"").repeat(10), 4508),
        ("half a frame", claim(TEXT, 1 << 20), 4508),
    ] {
        let stranger = stage.stranger().await;
        assert_eq!(stage.during(stranger.closed_by(&bytes)).await, Some(expected), "{what}");
    }
    stage.end().await;
}
