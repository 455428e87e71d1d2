//! Replies that are too large: alone, in a batch, and through another instance.

use std::time::Duration;

use capture_tests::{Redis, Server, server::Folder, shape, until};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use super::{SERVED, assert_served, http::show_noise};

#[tokio::test]
async fn a_batch_is_answered_without_the_picture_that_makes_it_too_large() {
    let server = Server::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let other = bob.create(&json!({})).await;
    let id = ann.create(&json!({})).await;
    show_noise(&ann, &id, 2_000).await; // 16 MB in Base64 each, so that five exceed the limit of a reply
    let types = ["title", "screenshot", "screenshot", "screenshot", "screenshot", "screenshot", "title"];
    let actions = types.map(|kind| json!({"type": kind}));
    let answered = ann.done(&id, "batch", json!({"actions": actions, "continueOnError": true})).await;
    let results = answered["results"].as_array().unwrap();
    let succeeded: Vec<&Value> = results.iter().map(|step| &step["success"]).collect();
    assert_eq!(succeeded, [true, true, true, true, true, false, true], "{:.300}", results[5]);
    assert!(results[4]["bodyBase64"].as_str().unwrap().len() > 15 << 20);
    assert_eq!((&results[5]["reason"], &results[5]["outcome"]), (&json!("answer_too_large"), &json!("executed")));
    assert_served(&server, &bob, &other).await;
    server.stop().await;
}

#[tokio::test]
async fn large_replies_through_another_instance_hold_up_nobody() {
    if shape().is_some() {
        return; // the test starts instances of its own
    }
    let redis = Redis::start().await;
    let url = redis.url();
    let owner = Server::start_in(Folder::new(), &["--redis-url", &url]).await;
    let gateway = Server::start_in(Folder::sharing(&redis), &["--redis-url", &url, "--max-sessions", "0"]).await;
    let (ann, bob) = (gateway.user("ann").await, gateway.user("bob").await);
    let other = bob.create(&json!({})).await;
    let id = ann.create(&json!({})).await;
    show_noise(&ann, &id, 2_000).await;
    let mut pictures = JoinSet::new();
    for _ in 0..3 {
        let (ann, id) = (ann.clone(), id.clone());
        pictures.spawn(async move { ann.act(&id, "screenshot", json!({})).await });
    }
    let (mut slowest, mut asked) = (Duration::ZERO, 0);
    while !pictures.is_empty() {
        let began = Instant::now();
        let answered = async || bob.act(&other, "title", json!({})).await.status == 200;
        until("another user's title is answered", SERVED, answered).await;
        slowest = slowest.max(began.elapsed());
        asked += 1;
        while let Some(taken) = pictures.try_join_next() {
            let taken = taken.unwrap().expect(200);
            assert!(taken.text("bodyBase64").len() > 12 << 20);
        }
    }
    assert!(asked > 1 && slowest < SERVED, "one of {asked} titles took {slowest:?}");
    gateway.kill().await;
    owner.stop().await;
}
