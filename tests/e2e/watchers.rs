//! Watchers that do not read, and large numbers of channels: other clients are not affected.

use std::time::Duration;

use capture_core::browser::simulated::Simulated;
use capture_tests::{Channel, SimulatedServer, elsewhere, until};
use capture_ws::{codec::Codec, limits::ChannelLimits};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// Length of a text in a result that is still short enough for events.
const LONG: usize = 7_000;

async fn drive(driver: &mut Channel, session: &str, from: usize, count: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    let value = "x".repeat(LONG);
    for number in from..from + count {
        let begun = Instant::now();
        let params = json!({"type": "fill", "payload": {"selector": "#a", "value": value}});
        let answer = driver.ask("session.act", session, &format!("k{number}"), params).await;
        assert_eq!(answer["type"], "success", "{answer}");
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times
}

#[tokio::test]
async fn a_watcher_that_stops_reading_is_closed_and_nobody_else_notices() {
    let limits = ChannelLimits { write_timeout: Duration::from_secs(2), ..ChannelLimits::default() };
    let server = SimulatedServer::start(Simulated::default(), limits).await;
    let (mut driver, mut reading, mut stalled) = (
        server.channel(Codec::MessagePack).await,
        server.channel(Codec::Json).await,
        server.channel(Codec::Json).await,
    );
    let session = server.client().create(&json!({})).await;
    drive(&mut driver, &session, 0, 200).await;
    let alone = drive(&mut driver, &session, 200, 200).await;
    for watcher in [&mut reading, &mut stalled] {
        watcher.request("session.subscribe", &session, json!({"events": ["countdown"]})).await;
    }
    let (read, seen) = watch::channel(0);
    let watched = async {
        let mut seqs = Vec::new();
        while seqs.len() < 4_000 {
            let event = reading.next_frame().await.expect("a watcher that reads stays");
            seqs.extend(event["seq"].as_u64());
            read.send_replace(seqs.len());
        }
        seqs
    };
    let driven = async {
        let mut times = Vec::new();
        for part in 0..40 {
            times.extend(drive(&mut driver, &session, 400 + part * 50, 50).await);
            // On a busy machine the watcher may be behind. Beyond a megabyte it would rightly count as one that does
            // not read.
            let keeps_up = |read: &usize| *read + 50 > (part + 1) * 100;
            timeout(Duration::from_secs(60), seen.clone().wait_for(keeps_up))
                .await
                .expect("the watcher reads")
                .unwrap();
        }
        times.sort_unstable();
        times
    };
    let (times, seqs) = tokio::join!(driven, watched);
    assert_eq!(seqs, (seqs[0]..seqs[0] + 4_000).collect::<Vec<_>>(), "a watcher that reads receives every event");
    let (before, after) = (alone[alone.len() / 2], times[times.len() / 2]);
    assert!(after < before * 4 + Duration::from_millis(5), "drivers notice: {before:?}, then {after:?}");
    let code = stalled.close_code().await;
    assert!([4408, 1006].contains(&code), "a stalled watcher is closed: {code}");
    until("its place is free", Duration::from_secs(10), async || server.channels.open() == 2).await;
    server.stop().await;
}

#[tokio::test]
async fn too_much_at_once_is_refused_and_too_fast_is_slowed_down() {
    let limits = ChannelLimits {
        in_flight: 4,
        connections_per_user: 2,
        requests_per_second: 50,
        request_burst: 10,
        subscriptions: 1,
        silence: Duration::from_secs(2),
        idle: Duration::from_millis(500),
        ..ChannelLimits::default()
    };
    let server = SimulatedServer::start(Simulated::default(), limits).await;
    let session = server.client().create(&json!({})).await;
    let mut channel = server.channel(Codec::Json).await;
    let mut sent = Vec::new();
    for number in 0..6 {
        let params = json!({"type": "wait_for_timeout", "payload": {"timeoutMs": 300}});
        sent.push(channel.send("session.act", &session, &format!("k{number}"), params).await);
    }
    let mut refused = 0;
    for id in sent {
        let answer = channel.answer(id).await;
        if answer["type"] == "error" {
            assert_eq!(
                (&answer["error"]["code"], &answer["error"]["reason"]),
                (&json!("busy"), &json!("too_many_in_flight"))
            );
            refused += 1;
        }
    }
    assert_eq!(refused, 2);
    let begun = Instant::now();
    for _ in 0..35 {
        channel.request("connection.ping", "", json!({})).await;
    }
    assert!(begun.elapsed() > Duration::from_millis(400), "35 requests took {:?}", begun.elapsed());
    let other = server.client().create(&json!({})).await;
    channel.request("session.subscribe", &session, json!({})).await;
    let full = channel.ask("session.subscribe", &other, "", json!({})).await;
    assert_eq!(full["error"]["reason"], "too_many_subscriptions");
    let mut second = server.channel(Codec::Json).await;
    second.request("connection.ping", "", json!({})).await;
    let mut third = server.channel(Codec::Json).await;
    assert_eq!(third.close_code().await, 4529);
    assert_eq!(second.next_frame().await, Some(json!({})), "something is said in every silence");
    server.stop().await;
}

#[tokio::test]
async fn a_view_of_a_session_that_ended_makes_room_for_another() {
    let limits = ChannelLimits { subscriptions: 1, ..ChannelLimits::default() };
    let server = SimulatedServer::start(Simulated::default(), limits).await;
    let [first, second] = [server.client().create(&json!({})).await, server.client().create(&json!({})).await];
    let mut channel = server.channel(Codec::MessagePack).await;
    for _ in 0..2 {
        channel.request("view.start", &first, json!({"maxFps": 15})).await;
        channel.event("view.frame").await;
    }
    let full = channel.ask("view.start", &second, "", json!({})).await;
    assert_eq!(full["error"]["reason"], "too_many_subscriptions");
    server.client().close(&first).await.expect(200);
    channel.request("view.credit", &first, json!({"count": 10})).await;
    until("there is room", Duration::from_secs(5), async || {
        channel.ask("view.start", &second, "", json!({})).await["type"] == "success"
    })
    .await;
    channel.event("view.frame").await;
    server.stop().await;
}

#[tokio::test]
async fn a_lossless_log_reaches_both_codecs_as_the_same_values() {
    let server = SimulatedServer::start(Simulated::default(), ChannelLimits::default()).await;
    let session = server.client().create(&json!({})).await;
    let (mut json_watcher, mut packed) = (server.channel(Codec::Json).await, server.channel(Codec::MessagePack).await);
    for watcher in [&mut json_watcher, &mut packed] {
        watcher.request("session.subscribe", &session, json!({})).await;
    }
    let client = server.client();
    for (kind, payload) in [
        ("goto", json!({"url": "http://a.test/ä\u{1F600}"})),
        ("screenshot", json!({})),
        ("query", json!({"selector": "a"})),
        ("batch", json!({"actions": [{"type": "title"}, {"type": "screenshot"}, {"type": "snapshot"}]})),
        ("console", json!({})),
    ] {
        client.act(&session, kind, payload).await.expect(200);
    }
    client.close(&session).await.expect(200);
    let (mut one, mut two): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for (channel, events) in [(&mut json_watcher, &mut one), (&mut packed, &mut two)] {
        while events.last().is_none_or(|event| event["method"] != "session.closed") {
            events.push(channel.next_frame().await.unwrap());
        }
    }
    assert_eq!(one, two);
    let subscribed = packed.raw.len() - two.len();
    assert_eq!(elsewhere::decoded(&packed.raw[subscribed..]).await, one, "as a library in JavaScript has it");
    server.stop().await;
}
