//! Many sessions at once: within memory, fair, and when there is no more room it is said at once.

use std::time::Duration;

use capture_tests::{Server, Site, processes};
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

/// Sessions of the whole server, its default.
const PLACES: usize = 50;
/// What fifty sessions with a page each may take (the bound).
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
    // All work at once; the same work of everyone takes everyone about as long.
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
