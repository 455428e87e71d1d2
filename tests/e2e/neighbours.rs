//! Sessions beside each other: separate, and fair.

use std::time::Duration;

use capture_tests::{Client, Server, Site};
use serde_json::json;
use tokio::time::Instant;

async fn title_time(client: &Client, id: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..60 {
        let begun = Instant::now();
        client.done(id, "title", json!({})).await;
        times.push(begun.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn animated_neighbours_do_not_slow_a_session_down() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("form")).await;
    let alone = title_time(&ann, &id).await;
    let beside_one = ann.create(&json!({})).await;
    ann.goto(&beside_one, &site.page("spinners")).await;
    let beside = title_time(&ann, &id).await;
    // The ratio itself is measured in the benchmark; here a generous bound of liveness.
    assert!(beside < alone * 10 + Duration::from_millis(20), "{beside:?} beside spinners, {alone:?} alone");
    server.stop().await;
}

#[tokio::test]
async fn sessions_share_no_cookies_and_no_storage() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let (one, two) = (ann.create(&json!({})).await, ann.create(&json!({})).await);
    ann.goto(&one, &site.page("storage")).await;
    ann.done(&one, "click", json!({"selector": "#store"})).await;
    ann.goto(&one, &site.page("storage")).await;
    assert_eq!(ann.log(&one).await, "cookie=kept local=kept");
    ann.goto(&two, &site.page("storage")).await;
    assert_eq!(ann.log(&two).await, "cookie= local=");
    server.stop().await;
}
