//! Nothing that sessions in one browser share passes from one to another. Both are of one user, because only then do
//! they share a browser.

use std::time::Duration;

use capture_tests::{Client, Server, Site, until::until};
use serde_json::json;

const FIELDS: &str = "data:text/html,<input id=a value='copied words'><textarea id=b></textarea>";

async fn text(ann: &Client, id: &str, selector: &str) -> String {
    let row = ann.done(id, "query", json!({"selector": selector, "fields": ["text", "value"]})).await;
    let first = &row["elements"][0];
    first["value"].as_str().or(first["text"].as_str()).unwrap_or_default().to_owned()
}

/// The result of pressing Ctrl+V in the session.
async fn pasted(ann: &Client, id: &str) -> String {
    ann.done(id, "fill", json!({"selector": "#b", "value": ""})).await;
    ann.done(id, "press", json!({"selector": "#b", "key": "Control+V"})).await;
    text(ann, id, "#b").await
}

async fn copies(ann: &Client, id: &str) {
    ann.done(id, "press", json!({"selector": "#a", "key": "Control+A"})).await;
    ann.done(id, "press", json!({"key": "Control+C"})).await;
}

#[tokio::test]
async fn what_one_session_copies_it_alone_pastes() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let (one, other) = (ann.create(&json!({})).await, ann.create(&json!({})).await);
    for id in [&one, &other] {
        ann.goto(id, FIELDS).await;
    }
    copies(&ann, &one).await;
    assert_eq!(pasted(&ann, &other).await, "", "another session");
    assert_eq!(pasted(&ann, &one).await, "copied words", "its own");

    // The browser's clipboard now has the text that the other session copied; it must not be pasted here.
    ann.done(&other, "fill", json!({"selector": "#a", "value": "others"})).await;
    copies(&ann, &other).await;
    assert_eq!(pasted(&ann, &one).await, "copied words", "after another session copied");
    assert_eq!(pasted(&ann, &other).await, "others");

    // The clipboard stays for the next document, and ends with its session.
    ann.goto(&one, FIELDS).await;
    assert_eq!(pasted(&ann, &one).await, "copied words", "in the next document");
    ann.close(&one).await.expect(200);
    let next = ann.create(&json!({})).await;
    ann.goto(&next, FIELDS).await;
    assert_eq!(pasted(&ann, &next).await, "", "a later session");
    server.stop().await;
}

#[tokio::test]
async fn text_that_is_cut_can_be_pasted_and_a_page_decides_what_is_copied() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let page = format!(
        "{FIELDS}<script>document.addEventListener('copy', (event) => {{ event.preventDefault(); event.stopPropagation(); \
         event.clipboardData.setData('text/plain', 'the page says') }})</script>"
    );
    ann.goto(&id, &page).await;
    ann.done(&id, "press", json!({"selector": "#a", "key": "Control+A"})).await;
    ann.done(&id, "press", json!({"key": "Control+X"})).await;
    assert_eq!(text(&ann, &id, "#a").await, "", "cut");
    assert_eq!(pasted(&ann, &id).await, "copied words");
    ann.done(&id, "fill", json!({"selector": "#a", "value": "x"})).await;
    copies(&ann, &id).await;
    assert_eq!(pasted(&ann, &id).await, "the page says");
    server.stop().await;
}

#[tokio::test]
async fn sessions_find_nothing_of_each_other_in_the_browser() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let (one, other) = (ann.create(&json!({})).await, ann.create(&json!({})).await);
    let found = async |id: &str| {
        ann.done(id, "wait_for_selector", json!({"selector": "#inner", "timeoutMs": 20_000})).await;
        text(&ann, id, "#found").await
    };
    ann.goto(&one, &site.page("shared")).await;
    assert_eq!(found(&one).await, "nothing");
    // The frame in the page finds everything, which shows that the search works.
    let everything = "storage cookie cache database login worker lock";
    until("the frame in it has found what its page left", Duration::from_secs(20), async || {
        ann.done(&one, "snapshot", json!({})).await.text("snapshot").contains(everything)
    })
    .await;
    assert_eq!(text(&ann, &one, "#heard").await, "inner");

    ann.goto(&other, &site.page("shared")).await;
    assert_eq!(found(&other).await, "nothing", "another session of the same browser");
    assert_eq!(text(&ann, &one, "#heard").await, "inner", "messages of another session");
    ann.close(&one).await.expect(200);
    let later = ann.create(&json!({})).await;
    ann.goto(&later, &site.page("shared")).await;
    assert_eq!(found(&later).await, "nothing", "a later session");
    server.stop().await;
}
