//! Repeated and equal requests.

use std::time::Duration;

use capture_tests::{processes, until};
use futures::future::join_all;
use serde_json::json;

use super::{Stage, header};

#[tokio::test]
async fn a_repeated_request_costs_nothing_until_it_asks_to() {
    let stage = Stage::start().await;
    let parameters = json!({"vw": 300, "vh": 200});
    let first = stage.render("image", "/tall.html", &parameters).await.expect(200);
    assert_eq!((header(&first, "x-capture-cache"), header(&first, "x-capture-credits")), ("miss", "1"));
    assert!(header(&first, "cache-control").starts_with("public, max-age=86"), "{:?}", first.headers);
    let again = stage.render("image", "/tall.html", &json!({"vh": 200, "vw": 300})).await.expect(200);
    assert_eq!((header(&again, "x-capture-cache"), header(&again, "x-capture-credits")), ("hit", "0"));
    assert_eq!((again.bytes, header(&first, "etag")), (first.bytes.clone(), again.headers["etag"].to_str().unwrap()));
    assert_eq!(stage.credits().await, "99");
    let etag = header(&first, "etag").to_owned();
    let url = stage.site.url("/tall.html");
    let body = json!({"url": url, "vw": 300, "vh": 200});
    let known = stage.ann.post_with("/v1/render/image", &[("if-none-match", &etag)], &body).await;
    assert!(known.expect(304).bytes.is_empty());
    for other in [
        json!({"vw": 300, "vh": 201}),
        json!({"vw": 300, "vh": 200, "timestamp": "2"}),
        json!({"vw": 300, "vh": 200, "fresh": true}),
    ] {
        let reply = stage.render("image", "/tall.html", &other).await.expect(200);
        assert_eq!(header(&reply, "x-capture-cache"), "miss", "{other}");
    }
    assert_eq!(stage.credits().await, "96");
    let bob = stage.server.user("bob").await;
    let theirs = bob.post("/v1/render/image", &json!({"url": url, "vw": 300, "vh": 200})).await.expect(200);
    assert_eq!(header(&theirs, "x-capture-cache"), "miss", "another user's result is not shown");
    stage.server.stop().await;
}

#[tokio::test]
async fn results_outlive_the_server_unless_they_are_not_to_be_kept() {
    let stage = Stage::start().await;
    let parameters = json!({"vw": 300, "vh": 200});
    let first = stage.render("image", "/tall.html", &parameters).await.expect(200);
    let secret = json!({"httpCredentials": {"username": "ann", "password": "word"}});
    stage.render("content", "/login", &secret).await.expect(200);
    stage.render("content", "/form.html", &json!({})).await.expect(200);
    let folder = stage.server.folder().data().join("render-cache/u-ann/results");
    let kept = async || processes::entries(&folder).len() >= 2;
    until("the first and the last result are on disk", Duration::from_secs(20), kept).await;
    assert_eq!(processes::entries(&folder).len(), 2, "those with credentials are not kept");
    let Stage { server, site, ann } = stage;
    let server = server.restart_after_kill().await;
    let body = json!({"url": site.url("/tall.html"), "vw": 300, "vh": 200});
    let ann = server.client(ann.token());
    let again = ann.post("/v1/render/image", &body).await.expect(200);
    assert_eq!((header(&again, "x-capture-cache"), header(&again, "x-capture-credits")), ("hit", "0"));
    assert_eq!((&again.bytes, header(&again, "etag")), (&first.bytes, header(&first, "etag")));
    server.stop().await;
}

#[tokio::test]
async fn equal_requests_at_once_render_once() {
    let stage = Stage::start().await;
    let nothing = json!({});
    let replies = join_all((0..6).map(|_| stage.render("content", "/slow/600", &nothing))).await;
    let misses = replies.iter().filter(|reply| header(reply, "x-capture-cache") == "miss").count();
    assert!(replies.iter().all(|reply| reply.status == 200));
    assert_eq!((misses, stage.credits().await.as_str()), (1, "99"));
    stage.server.stop().await;
}

#[tokio::test]
async fn what_needs_credentials_is_never_kept() {
    let stage = Stage::start().await;
    let parameters = json!({"httpCredentials": {"username": "ann", "password": "word"}});
    for _ in 0..2 {
        let reply = stage.render("content", "/login", &parameters).await.expect(200);
        assert_eq!((header(&reply, "x-capture-cache"), header(&reply, "cache-control")), ("miss", "private, no-store"));
        assert_eq!(header(&reply, "x-capture-page-status"), "200");
    }
    let in_address = stage.site.url("/login").replace("http://", "http://ann:word@");
    for _ in 0..2 {
        let reply = stage.ann.post("/v1/render/content", &json!({"url": in_address})).await.expect(200);
        assert_eq!((header(&reply, "x-capture-cache"), header(&reply, "x-capture-page-status")), ("miss", "200"));
        assert!(!reply.bytes.windows(5).any(|text| text == b"word@"), "credentials are not told back");
    }
    let without = stage.render("content", "/login", &json!({})).await.expect(200);
    assert_eq!(header(&without, "x-capture-page-status"), "401", "a page with its status");
    stage.server.stop().await;
}

#[tokio::test]
async fn a_failure_is_repeated_from_memory_for_a_minute() {
    let stage = Stage::start().await;
    for number in 0..7 {
        // The sixth failure of a minute would be charged if it were one.
        let body = json!({"url": "http://127.0.0.1:2/"});
        let failed = stage.ann.post("/v1/render/image", &body).await.expect_error(400, "action_failed");
        let wait = header(&failed, "retry-after").parse::<u64>();
        assert_eq!(wait.is_ok_and(|seconds| (20..=60).contains(&seconds)), number > 0, "{:?}", failed.headers);
    }
    assert_eq!(stage.credits().await, "100");
    stage.server.stop().await;
}
