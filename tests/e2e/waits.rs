//! `wait_for_selector`, and the deadlines of all actions that wait.

use std::time::Duration;

use capture_tests::{Channel, Server, Site};
use capture_ws::codec::Codec;
use serde_json::json;
use tokio::time::Instant;

#[tokio::test]
async fn an_element_is_waited_for_in_each_of_its_states() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("waits")).await;
    for payload in [
        json!({"selector": "#late"}),
        json!({"selector": "#unseen", "visible": false}),
        json!({"selector": "#unseen", "state": "attached"}),
        json!({"selector": "#unseen", "state": "hidden"}),
        json!({"selector": "#nowhere", "state": "hidden"}),
        json!({"selector": "#going", "state": "detached"}),
    ] {
        ann.done(&id, "wait_for_selector", payload).await;
    }
    let late = ann.done(&id, "wait_for_selector", json!({"selector": "#late"})).await;
    assert_eq!((&late["elementText"], &late["tagName"]), (&json!("late"), &json!("p")));
    for (payload, says) in [
        (json!({"selector": "#unseen", "timeoutMs": 200}), "did not become visible"),
        (json!({"selector": "#nowhere", "timeoutMs": 200}), "did not appear"),
        (json!({"selector": "#always", "state": "detached", "timeoutMs": 200}), "stayed in the document"),
    ] {
        let begun = Instant::now();
        let reply = ann.act(&id, "wait_for_selector", payload).await.expect_error(504, "action_timeout");
        assert!(reply.text("error").contains(says) && reply.text("error").contains("200 ms"), "{}", reply.body);
        assert!(begun.elapsed() < Duration::from_secs(10), "late: {:?}", begun.elapsed());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wait_goes_on_across_a_navigation() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("gated")).await;
    site.gates().arrival("on").await;
    let mut watcher = Channel::open(server.address(), ann.token(), Codec::Json).await;
    watcher.request("session.subscribe", &id, json!({})).await;
    let waiting = ann.act(&id, "wait_for_selector", json!({"selector": "#top", "timeoutMs": 20_000}));
    let moving_on = async {
        while watcher.event("action.started").await["params"]["type"] != "wait_for_selector" {}
        site.gates().open("on");
    };
    let (waited, ()) = tokio::join!(waiting, moving_on);
    let waited = waited.expect(200);
    assert_eq!(waited["elementText"], "Another page", "{}", waited.body);
    assert_eq!(ann.done(&id, "url", json!({})).await["url"], site.page("other"));
    server.stop().await;
}

#[tokio::test]
async fn a_looping_page_ends_in_a_timeout_and_is_free_again() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("loops")).await;
    let reply =
        ann.act(&id, "click", json!({"selector": "#loop", "timeoutMs": 800})).await.expect_error(504, "action_timeout");
    assert_eq!(reply["outcome"], "unknown");
    assert_eq!(ann.log(&id).await, "idle", "the loop was ended; the page answers again");
    ann.close(&id).await.expect(200);
    server.stop().await;
}
