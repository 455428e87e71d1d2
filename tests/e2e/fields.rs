//! `fill`, on the kinds of fields that pages use.

use capture_tests::{Server, Site};
use serde_json::json;

#[tokio::test]
async fn fields_take_what_they_are_given_and_their_pages_notice() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("fields")).await;
    for (field, value, then) in [
        ("#text", "new value", "new value"),
        ("#text", "", ""),
        ("#text", "ünï ✓ 👩‍💻 <b>\"'", "ünï ✓ 👩‍💻 <b>\"'"),
        ("#number", "12.5", "12.5"),
        ("#date", "2026-11-24", "2026-11-24"),
        ("#colour", "#ff8800", "#ff8800"),
        ("#range", "7", "7"),
        ("#short", "abcdef", "abc"),
        ("#area", "two\nlines", "two\nlines"),
        ("#rich", "plain now", "plain now"),
        ("#labelled", "through its label", "through its label"),
    ] {
        let reply = ann.done(&id, "fill", json!({"selector": field, "value": value})).await;
        assert_eq!(reply["value"], then, "{field}");
    }
    ann.done(&id, "fill", json!({"selector": "#text", "value": "heard"})).await;
    assert_eq!(ann.log(&id).await, "text: input change");
    ann.done(&id, "fill", json!({"selector": "#controlled", "value": "abc"})).await;
    let log = ann.log(&id).await;
    assert!(log.contains("noticed abc") || log.contains("change"), "a tracked field notices: {log}");
    ann.done(&id, "fill", json!({"selector": "#text", "value": 42})).await;
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_filled_says_so_at_once() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("fields")).await;
    for (field, value, says) in [
        ("#static", "x", "<div> is not editable"),
        ("#choice", "a", "use select"),
        ("#box", "x", "checkbox is not editable"),
        ("#readonly", "x", "read-only"),
        ("#date", "tomorrow", "not a value of an input of type date"),
    ] {
        let reply = ann.act(&id, "fill", json!({"selector": field, "value": value})).await;
        let reply = reply.expect_error(400, "action_failed");
        assert!(reply.text("error").contains(says), "{field}: {}", reply.body);
        assert_eq!(reply["reason"], "not_editable");
    }
    server.stop().await;
}
