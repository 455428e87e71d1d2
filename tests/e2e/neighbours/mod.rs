//! Concurrent sessions: they are isolated, and served fairly.
//!
//! The tables are a suite: while one user does what a row describes, another user's session stays active and is
//! answered, the server stays within its memory limit, both users pay exactly what they owe, and afterwards all
//! resources are freed. `make test` tries each row briefly; `make faults` checks the figures as well.

mod attack;
mod attacker;
mod caller;
mod channels;
mod devtools;
mod documents;
mod flood;
mod neighbour;
mod network;
mod output;
mod requests;
mod scripts;
mod stage;
mod storage;
mod trying;
mod wire;

use std::time::Duration;

use capture_tests::{Client, Server, Site};
use serde_json::json;
use tokio::time::Instant;

/// A table and the test that runs it.
macro_rules! tables {
    ($($table:ident: $test:ident),* $(,)?) => {
        const TABLES: &[&[attack::Attack]] = &[$($table::ATTACKS),*];

        $(#[tokio::test]
        async fn $test() {
            trying::withstand($table::ATTACKS).await;
        })*
    };
}

tables! {
    scripts: no_neighbour_notices_what_never_ends,
    documents: no_neighbour_notices_documents,
    storage: no_neighbour_notices_what_is_kept,
    output: no_neighbour_notices_what_is_logged,
    network: no_neighbour_notices_the_network,
    requests: no_neighbour_notices_requests,
    channels: no_neighbour_notices_channels,
    devtools: no_neighbour_notices_devtools,
}

/// Attacks whose bytes pass from one instance to another.
const THROUGH_ANOTHER: [&str; 9] = [
    "four pictures of noise in a batch",
    "a text of fifty megabytes",
    "lines of ten kilobytes",
    "alerts in a loop",
    "answers of sixty megabytes, not read",
    "creates that credits do not cover",
    "tickets",
    "twenty viewers who do not read",
    "ninety-nine of a hundred megabytes",
];

#[tokio::test]
async fn no_neighbour_notices_through_another_instance() {
    let all = TABLES.iter().copied().flatten();
    let attacks: Vec<_> = all.filter(|attack| THROUGH_ANOTHER.contains(&attack.name)).copied().collect();
    assert_eq!(attacks.len(), THROUGH_ANOTHER.len());
    trying::withstand_on(stage::Stage::through_another().await, &attacks).await;
}

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
    // The benchmark measures the ratio itself; here a generous limit shows liveness.
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
