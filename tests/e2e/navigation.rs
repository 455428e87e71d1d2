//! `goto`, its success and the ways in which it fails.

use capture_tests::{Server, Site};
use serde_json::json;

#[tokio::test]
async fn goto_tells_where_it_arrived() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let arrived = ann.goto(&id, &site.page("form")).await;
    assert_eq!(
        (arrived.text("url"), &arrived["status"], arrived.text("title")),
        (site.page("form").as_str(), &json!(200), "Form")
    );
    let bare = site.page("form").replace("http://", "");
    assert_eq!(ann.goto(&id, &bare).await["status"], 200, "http:// is supplied for addresses of this machine");
    let redirected = ann.goto(&id, &site.url("/redirect")).await;
    assert_eq!(redirected.text("url"), site.page("form"));
    for status in [404, 500] {
        assert_eq!(ann.goto(&id, &site.url(&format!("/status/{status}"))).await["status"], status);
        ann.goto(&id, &site.url(&format!("/empty/{status}"))).await;
    }
    for until in ["commit", "domcontentloaded", "load"] {
        ann.done(&id, "goto", json!({"url": site.page("other"), "waitUntil": until})).await;
        assert_eq!(ann.done(&id, "title", json!({})).await["title"], "Other", "{until}");
    }
    ann.done(&id, "goto", json!({"url": site.page("form"), "waitUntil": "load"})).await;
    let hash = ann.done(&id, "goto", json!({"url": site.page("form") + "#top", "waitUntil": "load"})).await;
    assert!(hash.text("url").ends_with("#top"));
    assert_eq!(ann.done(&id, "url", json!({})).await.text("url"), site.page("form") + "#top");
    assert_eq!(ann.goto(&id, "about:blank").await["title"], "");
    assert_eq!(ann.goto(&id, "data:text/html,<title>Data</title>").await["title"], "Data");
    server.stop().await;
}

#[tokio::test]
async fn goto_says_why_it_did_not_arrive() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("form")).await;
    let refused = ann.act(&id, "goto", json!({"url": "http://127.0.0.1:9/"})).await.expect_error(400, "action_failed");
    assert!(refused.text("reason").starts_with("net::ERR_"), "{}", refused.body);
    assert!(refused.text("error").contains(refused.text("reason")));
    let nameless =
        ann.act(&id, "goto", json!({"url": "http://nowhere.invalid/"})).await.expect_error(400, "action_failed");
    assert_eq!(nameless["reason"], "net::ERR_NAME_NOT_RESOLVED");
    let empty = ann.act(&id, "goto", json!({"url": site.url("/empty/204")})).await.expect_error(400, "action_failed");
    assert_eq!(empty["reason"], "net::ERR_ABORTED");
    let download = async || ann.act(&id, "goto", json!({"url": site.url("/download")})).await;
    let after_an_error = download().await.expect_error(400, "action_failed");
    assert_eq!(after_an_error["reason"], "download");
    assert_eq!(after_an_error["download"]["url"], site.url("/download"));
    ann.goto(&id, &site.page("form")).await;
    let download = download().await.expect_error(400, "action_failed");
    assert_eq!(download["download"]["suggestedFilename"], "report.bin");
    let silent = ann
        .act(&id, "goto", json!({"url": site.url("/never"), "timeoutMs": 400}))
        .await
        .expect_error(504, "action_timeout");
    assert!(silent.text("error").contains("400 ms"), "{}", silent.body);
    for scheme in ["file:///etc/passwd", "javascript:alert(1)", "chrome://settings", "view-source:http://a.test"] {
        ann.act(&id, "goto", json!({"url": scheme})).await.expect_error(400, "invalid_request");
    }
    assert_eq!(ann.goto(&id, &site.page("form")).await["title"], "Form", "the page works on");
    let unfinished = json!({"url": site.url("/hanging-image"), "waitUntil": "load", "timeoutMs": 500});
    ann.act(&id, "goto", unfinished).await.expect_error(504, "action_timeout");
    assert_eq!(ann.log(&id).await, "here", "what has arrived can be worked with");
    server.stop().await;
}
