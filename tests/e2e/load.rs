//! Many concurrent sessions: they stay within the memory limit and are served fairly, and a lack of room is reported at
//! once.

use std::time::Duration;

use capture_tests::{Server, Site, processes};
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

/// Concurrent sessions of the whole server, which is its default.
const PLACES: usize = 50;
/// Bytes of memory that fifty sessions with a page each may use.
const MEMORY: u64 = 8 << 30;

#[tokio::test]
async fn fifty_sessions_at_once_are_served_fairly_and_the_next_is_told_so_at_once() {
    let (server, site) = (Server::start().await, Site::start().await);
    let mut users = Vec::new();
    for number in 0..5 {
        users.push(server.user_with(&format!("user{number}"), &["--max-sessions", "20"]).await);
    }
    let mut sessions = Vec::new();
    for number in 0..PLACES {
        let user = users[number % users.len()].clone();
        let id = user.create(&json!({"maxTtlSeconds": 600})).await;
        user.goto(&id, &site.page("article")).await;
        sessions.push((user, id));
    }
    let memory = processes::resident(server.pid()) + processes::proportional(server.pid());
    assert!(memory <= MEMORY, "{} MiB", memory >> 20);
    let begun = Instant::now();
    let refused = users[0].post("/v1/sessions", &json!({})).await.expect_error(503, "busy");
    assert!(begun.elapsed() < Duration::from_secs(5), "at once");
    assert!(refused.headers.contains_key("retry-after") && !refused.text("hint").is_empty(), "{}", refused.body);
    // All sessions work concurrently; with equal work they take about equally long.
    let mut working = JoinSet::new();
    for (user, id) in sessions {
        working.spawn(async move {
            let begun = Instant::now();
            for _ in 0..10 {
                user.done(&id, "title", json!({})).await;
                user.done(&id, "query", json!({"selector": "p"})).await;
            }
            begun.elapsed()
        });
    }
    let mut took = working.join_all().await;
    took.sort();
    let (first, last) = (took[0], took[took.len() - 1]);
    assert!(last <= first * 6 + Duration::from_secs(1), "the first was done after {first:?}, the last after {last:?}");
    for user in &users {
        user.delete("/v1/sessions").await.expect(200);
    }
    users[0].create(&json!({})).await;
    server.stop().await;
}
