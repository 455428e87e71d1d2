//! Idempotency keys: a repeated request is not executed twice.

use capture_tests::{Server, Site};
use serde_json::json;

#[tokio::test]
async fn a_keyed_action_runs_once_and_its_reply_is_repeated() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("clicks")).await;
    let path = format!("/v1/sessions/{id}/actions");
    let click = json!({"type": "click", "payload": {"selector": "#plain"}});
    let key = [("idempotency-key", "key-1")];
    // Two concurrent requests: one is executed, and the other receives its result.
    let (one, two) = tokio::join!(ann.post_with(&path, &key, &click), ann.post_with(&path, &key, &click));
    let third = ann.post_with(&path, &key, &click).await.expect(200);
    assert_eq!(one.text("actionId"), two.text("actionId"));
    assert_eq!((third.text("actionId"), &third["replayed"]), (one.text("actionId"), &json!(true)));
    assert_eq!(ann.session(&id).await["session"]["actionBreakdown"]["click"]["total"], 1);
    let other = json!({"type": "title"});
    ann.post_with(&path, &key, &other).await.expect_error(400, "invalid_request");
    for bad in ["", "has space", &"x".repeat(65)] {
        ann.post_with(&path, &[("idempotency-key", bad)], &other).await.expect_error(400, "invalid_request");
    }
    ann.close(&id).await.expect(200);
    let known = ann.post_with(&path, &key, &click).await.expect_error(409, "session_inactive");
    assert_eq!(known["outcome"], "executed");
    let unknown = ann.post_with(&path, &[("idempotency-key", "key-2")], &click).await.expect(409);
    assert_eq!(unknown["outcome"], "unknown");
    server.stop().await;
}

#[tokio::test]
async fn a_keyed_create_opens_one_session() {
    let server = Server::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let key = [("idempotency-key", "create-1")];
    let one = ann.post_with("/v1/sessions", &key, &json!({"maxTtlSeconds": 60})).await.expect(201);
    let again = ann.post_with("/v1/sessions", &key, &json!({"maxTtlSeconds": 60})).await.expect(201);
    assert_eq!((&again["session"]["id"], &again["replayed"]), (&one["session"]["id"], &json!(true)));
    ann.post_with("/v1/sessions", &key, &json!({"maxTtlSeconds": 61})).await.expect(400);
    let theirs = bob.post_with("/v1/sessions", &key, &json!({"maxTtlSeconds": 60})).await.expect(201);
    assert_ne!(theirs["session"]["id"], one["session"]["id"], "keys belong to their user");
    server.stop().await;
}
