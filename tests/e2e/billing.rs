//! Credits: holds, charges, refusals, and accounts that change while the server runs.

use std::time::Duration;

use capture_tests::{Server, until};
use serde_json::json;

#[tokio::test]
async fn credits_are_held_charged_once_and_never_go_below_zero() {
    let server = Server::start().await;
    let ann = server.user_with("ann", &["--credits", "6"]).await;
    let id = ann.create(&json!({"maxTtlSeconds": 240})).await;
    let refused = ann.post("/v1/sessions", &json!({"maxTtlSeconds": 180})).await.expect_error(403, "forbidden");
    assert_eq!((&refused["neededCredits"], &refused["availableCredits"]), (&json!(3), &json!(2)));
    assert_eq!(refused["longestTtlSeconds"], 120);
    let beyond = ann.post(&format!("/v1/sessions/{id}/renew"), &json!({"maxTtlSeconds": 600})).await;
    beyond.expect_error(403, "forbidden");
    ann.close(&id).await.expect(200);
    ann.close(&id).await.expect(200);
    assert_eq!(server.folder().account("ann", "credits").await, "5", "one credit was taken once");
    assert_eq!(server.folder().account("ann", "held").await, "0");
    server.folder().capture(&["user", "credits", "ann", "=0"]).await;
    ann.post("/v1/sessions", &json!({"maxTtlSeconds": 1})).await.expect_error(403, "forbidden");
    server.folder().capture(&["user", "credits", "ann", "+1"]).await;
    ann.create(&json!({"maxTtlSeconds": 60})).await;
    server.stop().await;
}

#[tokio::test]
async fn accounts_change_at_once_while_the_server_runs() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let (ok, printed, err) = server.folder().capture(&["user", "secret", "ann", "add"]).await;
    assert!(ok, "{err}");
    let second = server.client(&capture_tests::server::token_in(&printed));
    second.session(&id).await.expect(200);
    assert!(server.folder().capture(&["user", "disable", "ann"]).await.0);
    ann.post("/v1/sessions", &json!({})).await.expect_error(403, "forbidden");
    ann.session(&id).await.expect(200);
    until("a disabled user's sessions are closed", Duration::from_secs(6), async || {
        ann.session(&id).await["session"]["status"] == "closed"
    })
    .await;
    assert!(server.folder().capture(&["user", "enable", "ann"]).await.0);
    ann.create(&json!({})).await;
    let proxied = ann.post("/v1/sessions", &json!({"proxy": true})).await.expect_error(400, "invalid_request");
    assert!(proxied.text("error").contains("no proxy is configured"), "{}", proxied.body);
    ann.post("/v1/sessions", &json!({"bypassBotDetection": true})).await.expect_error(503, "unavailable");
    server.stop().await;
}
