//! `wait_for_selector` and the deadlines of everything that waits.

use std::time::Duration;

use capture_tests::{Server, Site};
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
        assert!(begun.elapsed() < Duration::from_secs(3), "late: {:?}", begun.elapsed());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wait_goes_on_across_a_navigation() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let page = format!("data:text/html,<script>setTimeout(() => location = '{}', 300)</script>", site.page("other"));
    // A data: page may not open http addresses by script in every browser; the form page may.
    let _ = page;
    ann.goto(&id, &site.page("clicks")).await;
    let waiting = ann.act(&id, "wait_for_selector", json!({"selector": "#top", "timeoutMs": 4000}));
    let clicking = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // Actions run one at a time, so this one comes too late for the first; the link is then clicked.
        ann.act(&id, "click", json!({"selector": "#link"})).await
    };
    let (waited, clicked) = tokio::join!(waiting, clicking);
    waited.expect(504);
    clicked.expect(200);
    ann.done(&id, "wait_for_selector", json!({"selector": "#top"})).await;
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
