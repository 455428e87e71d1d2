//! Tabs that a page opens, and dialogs when a page is left.

use std::time::Duration;

use capture_tests::{Server, Site, until};
use serde_json::json;

#[tokio::test]
async fn a_new_tab_becomes_active_and_its_opener_again_when_it_closes() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("popups")).await;
    let opened = ann.done(&id, "click", json!({"selector": "#open"})).await;
    assert_eq!(opened["newTab"]["url"], site.page("other"));
    assert_eq!(opened.text("url"), site.page("other"));
    assert_eq!(ann.done(&id, "title", json!({})).await["title"], "Other");
    let picture = ann.done(&id, "screenshot", json!({})).await;
    assert_eq!(picture["width"], 1440, "a tab paints too");
    ann.goto(&id, &site.page("closing")).await;
    ann.done(&id, "click", json!({"selector": "#close"})).await;
    until("the opener is active again", Duration::from_secs(5), async || {
        ann.act(&id, "title", json!({})).await["title"] == "Opener"
    })
    .await;
    assert_eq!(ann.done(&id, "url", json!({})).await["url"], site.page("popups"));
    let again = ann.done(&id, "click", json!({"selector": "#open"})).await;
    assert_eq!(again["newTab"]["url"], site.page("other"), "the opener is acted on: {}", again.body);
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_does_not_want_to_be_left_is_left() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("leaving")).await;
    ann.done(&id, "click", json!({"selector": "#touch"})).await;
    let left = ann.goto(&id, &site.page("other")).await;
    assert_eq!(left["title"], "Other");
    assert_eq!(left["dialogs"][0]["type"], "beforeunload");
    ann.goto(&id, &site.page("leaving")).await;
    ann.done(&id, "click", json!({"selector": "#touch"})).await;
    ann.close(&id).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn the_workers_of_a_page_run_and_so_do_theirs() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let page = "data:text/html,<p id=log></p><script>
        const inner = `new Worker('data:text/javascript,postMessage(0)').onmessage = () => postMessage(0)`;
        new Worker('data:text/javascript,' + inner).onmessage = () => { log.textContent = 'both ran' }</script>";
    ann.goto(&id, page).await;
    ann.done(&id, "wait_for_selector", json!({"selector": "text=both ran"})).await;
    server.stop().await;
}
