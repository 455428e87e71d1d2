//! After an action has been answered, nothing of it reaches the page: neither a script nor input that a busy page would
//! handle later.

use capture_tests::{Channel, Client, Server, Site};
use capture_ws::codec::Codec;
use serde_json::{Value, json};

/// Longer than the page of these stories is busy, in milliseconds.
const FREE_AGAIN: u64 = 4_000;

struct Page {
    server: Server,
    ann: Client,
    id: String,
}

impl Page {
    async fn open() -> Self {
        let (server, site) = (Server::start().await, Site::start().await);
        let ann = server.user("ann").await;
        let id = ann.create(&json!({})).await;
        ann.goto(&id, &site.page("late-input")).await;
        Self { server, ann, id }
    }

    /// Runs an action for which the page is too busy. The answer is that the outcome is unknown, or that it was too
    /// late to begin.
    async fn too_late(&self, kind: &str, payload: Value) {
        let reply = self.ann.act(&self.id, kind, payload).await.expect_error(504, "action_timeout");
        assert!(["unknown", "not_executed"].contains(&reply.text("outcome")), "{kind}: {}", reply.body);
    }

    /// What the page shows once it is free again.
    async fn shown(&self, selector: &str, field: &str) -> Value {
        let waited = self.ann.act(
            &self.id,
            "wait_for_selector",
            json!({"selector": "#log", "state": "attached", "timeoutMs": FREE_AGAIN}),
        );
        waited.await.expect(200);
        let rows = self.ann.done(&self.id, "query", json!({"selector": selector, "fields": [field]})).await;
        rows["elements"][0][field].clone()
    }
}

#[tokio::test]
async fn input_of_an_action_that_timed_out_does_not_reach_the_page_later() {
    let page = Page::open().await;
    for (kind, payload, never) in [
        ("type", json!({"selector": "#typed", "text": "abc", "timeoutMs": 600}), "input typed"),
        ("press", json!({"selector": "#pressed", "key": "b", "timeoutMs": 600}), "input pressed"),
        ("click", json!({"selector": "#clicked", "timeoutMs": 600}), "click clicked"),
        ("hover", json!({"selector": "#hovered", "timeoutMs": 600}), "mousemove hovered"),
    ] {
        page.too_late(kind, payload).await;
        // This reproduces the page where the defect was found: the next action is refused although it was not the one
        // that acted. It waits for longer than the page is busy.
        let refused = page.ann.act(&page.id, "fill", json!({"selector": "#disabled", "value": "x", "timeoutMs": 1500}));
        assert_eq!(refused.await.expect(504)["outcome"], "not_executed");
        let heard = page.shown("#log", "text").await;
        assert!(!heard.as_str().unwrap().contains(never), "{kind}: {heard}");
    }
    assert_eq!(page.shown("#typed", "value").await, "");
    assert_eq!(page.shown("#pressed", "value").await, "");
    // The page handles input again.
    for (kind, payload) in [
        ("type", json!({"selector": "#typed", "text": "abc"})),
        ("press", json!({"selector": "#pressed", "key": "b"})),
        ("click", json!({"selector": "#clicked"})),
        ("hover", json!({"selector": "#hovered"})),
    ] {
        page.ann.done(&page.id, kind, payload).await;
    }
    assert_eq!(
        (page.shown("#typed", "value").await, page.shown("#pressed", "value").await),
        (json!("abc"), json!("b"))
    );
    let heard = page.shown("#log", "text").await;
    for now in ["input typed", "input pressed", "click clicked", "mousemove hovered"] {
        assert!(heard.as_str().unwrap().contains(now), "{now}: {heard}");
    }
    page.server.stop().await;
}

#[tokio::test]
async fn input_into_a_frame_does_not_reach_it_later_either() {
    let page = Page::open().await;
    page.too_late("type", json!({"selector": "#framed", "text": "abc", "timeoutMs": 600})).await;
    assert_eq!(page.shown("#framed", "value").await, "");
    page.too_late("type_text", json!({"text": "abc", "timeoutMs": 600})).await;
    page.too_late("press", json!({"key": "a", "timeoutMs": 600})).await;
    assert_eq!(page.shown("#framed", "value").await, "");
    page.server.stop().await;
}

#[tokio::test]
async fn a_script_that_a_busy_page_gets_to_too_late_does_nothing() {
    let page = Page::open().await;
    for (kind, payload, selector, field, still) in [
        ("fill", json!({"selector": "#filled", "value": "late", "timeoutMs": 600}), "#filled", "value", json!("")),
        (
            "select",
            json!({"selector": "#selected", "value": "two", "timeoutMs": 600}),
            "#selected",
            "value",
            json!("one"),
        ),
        ("check", json!({"selector": "#checked", "timeoutMs": 600}), "#checked:checked", "tag", Value::Null),
        ("click", json!({"selector": "#far", "timeoutMs": 600}), "#log", "text", json!("")),
        ("scroll", json!({"amount": 300, "timeoutMs": 600}), "#log", "text", json!("")),
        ("scroll", json!({"selector": "#far", "timeoutMs": 600}), "#log", "text", json!("")),
    ] {
        let clicked = page.ann.act(
            &page.id,
            "batch",
            json!({"actions": [
                {"type": "click", "payload": {"selector": "#later"}},
                {"type": "wait_for_timeout", "payload": {"timeoutMs": 400}},
                {"type": kind, "payload": payload},
            ]}),
        );
        let reply = clicked.await.expect_error(504, "action_timeout");
        assert_eq!(reply["failedIndex"], 2, "{}", reply.body);
        let shown = page.shown(selector, field).await;
        let shown = shown.as_str().map(|text| text.replace("mousemove later, mouseup later, click later", "").into());
        assert_eq!(shown.unwrap_or(Value::Null), still, "{kind}");
    }
    page.server.stop().await;
}

#[tokio::test]
async fn nothing_of_a_cancelled_action_reaches_the_page_after_its_answer() {
    let page = Page::open().await;
    let mut channel = Channel::open(page.server.address(), page.ann.token(), Codec::Json).await;
    channel.request("session.subscribe", &page.id, json!({})).await;
    let payload = json!({"selector": "#slow", "text": "x".repeat(200), "timeoutMs": 20_000});
    let request = channel.send("session.act", &page.id, "slow", json!({"type": "type", "payload": payload})).await;
    channel.event("page.navigated").await;
    assert_eq!(channel.request("session.cancel", &page.id, json!({"key": "slow"})).await["cancelled"], true);
    let cancelled = channel.answer(request).await;
    assert_eq!(cancelled["error"]["reason"], "cancelled");
    // The page answers after the input that was sent before, so all of that has arrived.
    let typed = page.shown("#slow", "value").await.as_str().unwrap().len();
    assert!((1..100).contains(&typed), "{typed} of 200 characters were typed although the action was cancelled");
    page.server.stop().await;
}
