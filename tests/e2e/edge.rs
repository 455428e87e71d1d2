//! Invalid input at the edge: every answer has the contract's shape, and no connection is reset.

use capture_tests::Server;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn every_refusal_has_the_contracts_shape() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    for token in ["", "x", "bm9ib2R5OnNlY3JldA==", "YW5uOndyb25n"] {
        let reply = server.client(token).get("/v1/sessions").await.expect_error(401, "unauthorized");
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
    ann.get("/v1/sessions/nonsense").await.expect_error(404, "session_not_found");
    let id = ann.create(&json!({})).await;
    let path = format!("/v1/sessions/{id}/actions");
    let json_type = [("content-type", "application/json")];
    for (headers, body) in [
        (&json_type[..], "{"),
        (&json_type[..], "[]"),
        (&json_type[..], "null"),
        (&json_type[..], "{\"type\":\"title\"} trailing"),
        (&json_type[..], "{\"type\":\"title\",\"extra\":1}"),
        (&[("content-type", "text/plain")][..], "{\"type\":\"title\"}"),
        (&json_type[..], ""),
    ] {
        let reply = ann.send(Method::POST, &path, headers, Some(body.as_bytes().to_vec())).await;
        let reply = reply.expect_error(400, "invalid_request");
        assert_eq!((&reply["session"]["id"], reply["expiresInSeconds"].is_u64()), (&json!(id), true), "{body}");
    }
    let not_utf8 = ann.send(Method::POST, &path, &json_type, Some(b"{\"type\":\"\xff\"}".to_vec())).await;
    not_utf8.expect_error(400, "invalid_request");
    let deep = "[".repeat(100_000);
    ann.send(Method::POST, &path, &json_type, Some(deep.into_bytes())).await.expect_error(400, "invalid_request");
    for size in [2, 6] {
        let body = json!({"type": "fill", "payload": {"selector": "a", "value": "x".repeat(size << 20)}});
        let reply = ann.post(&path, &body).await.expect_error(400, "invalid_request");
        assert!(reply.text("error").contains("bytes") || reply.text("error").contains("MiB"), "{}", reply.body);
    }
    let unknown = ann.act(&id, "teleport", json!({})).await.expect_error(400, "invalid_request");
    assert!(unknown.text("error").contains("wait_for_selector"), "the accepted types are listed: {}", unknown.body);
    assert_eq!(ann.done(&id, "url", json!({})).await["url"], "about:blank", "the session was not harmed");
    server.stop().await;
}

#[tokio::test]
async fn a_full_queue_and_a_full_server_say_so_at_once() {
    let server = Server::start_with(&["--max-sessions", "1"]).await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let full = ann.post("/v1/sessions", &json!({})).await.expect_error(503, "busy");
    assert!(full.headers.contains_key("retry-after"));
    let mut waiting = Vec::new();
    for _ in 0..12 {
        let (ann, id) = (ann.clone(), id.clone());
        waiting
            .push(async move { ann.act(&id, "wait_for_selector", json!({"selector": "#x", "timeoutMs": 300})).await });
    }
    let mut set = tokio::task::JoinSet::new();
    for each in waiting {
        set.spawn(each);
    }
    let statuses: Vec<u16> = set.join_all().await.into_iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 3, "one runs, eight wait: {statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 504).count(), 9, "{statuses:?}");
    server.stop().await;
}
