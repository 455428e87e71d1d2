//! Reading pages: `content` and `query`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_tests::{Server, Site, dice::Dice, html, long};
use serde_json::json;

#[tokio::test]
async fn content_is_what_a_person_reads() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("article")).await;
    let text = ann.done(&id, "content", json!({})).await;
    assert_eq!((text.text("format"), text.text("title")), ("text", "Article"));
    let read = text.text("content");
    for part in ["The headline", "First paragraph with a link.", "one", "two", "let x = 1;"] {
        assert!(read.contains(part), "{part} in {read}");
    }
    for chrome in ["Site header", "Site navigation", "Site footer", "script text", "color", "hidden text", "http"] {
        assert!(!read.contains(chrome), "no {chrome} in {read}");
    }
    let markdown = ann.done(&id, "content", json!({"format": "markdown"})).await;
    let read = markdown.text("content");
    for part in ["# The headline", "*paragraph*", &format!("[link]({})", site.page("other")), "one\n", "let x = 1;"] {
        assert!(read.contains(part), "{part} in {read}");
    }
    let html = ann.done(&id, "content", json!({"format": "html"})).await;
    assert!(html.text("content").starts_with("<!DOCTYPE html>") && html.text("content").contains("script text"));
    server.stop().await;
}

#[tokio::test]
async fn query_reads_fields_and_attributes() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("links")).await;
    let fields = json!(["text", "href", "id", "className", "tag", "title", "ariaLabel", "visible"]);
    let all =
        ann.done(&id, "query", json!({"selector": "a.l", "fields": fields, "attributes": ["href", "data-k"]})).await;
    assert_eq!((&all["count"], &all["limit"], &all["selector"]), (&json!(3), &json!(100), &json!("a.l")));
    assert_eq!(
        all["elements"][0],
        json!({
            "text": "One", "href": site.url("/one?a=1#b"), "id": "first", "className": "l", "tag": "a", "title": "t",
            "ariaLabel": "First link", "visible": true, "attributes": {"href": "one?a=1#b", "data-k": "v"},
        })
    );
    assert_eq!(all["elements"][1]["href"], "http://host.test/two");
    assert_eq!(all["elements"][2]["visible"], false);
    let limited = ann.done(&id, "query", json!({"selector": "a", "limit": 1, "visibleOnly": true})).await;
    assert_eq!((limited["elements"].as_array().unwrap().len(), &limited["count"]), (1, &json!(2)));
    let mixed = ann.done(&id, "query", json!({"selector": "img, input, [role]", "fields": ["src", "alt", "value", "name", "role", "bbox", "html"]})).await;
    assert_eq!(mixed["elements"][0]["src"], site.url("/pic.png"));
    assert_eq!((&mixed["elements"][1]["value"], &mixed["elements"][1]["name"]), (&json!("typed"), &json!("n")));
    assert_eq!((&mixed["elements"][2]["role"], &mixed["elements"][2]["html"]), (&json!("button"), &json!("Role")));
    assert!(mixed["elements"][0]["bbox"]["width"].is_number());
    assert_eq!(ann.done(&id, "query", json!({"selector": "b"})).await["elements"], json!([]));
    ann.act(&id, "query", json!({"selector": "a["})).await.expect_error(400, "invalid_request");
    server.stop().await;
}

/// Pages of the short version, and of the long one.
const GROWN: (u64, u64) = (40, 3_000);

/// The words of a generated page, which are `w1w`, `w2w` and so on, whatever stands around them.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut parts = text.split('w').skip(1).peekable();
    while let Some(number) = parts.next() {
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && parts.peek().is_some() {
            words.push(format!("w{number}w"));
            parts.next();
        }
    }
    words
}

#[tokio::test]
async fn text_and_markdown_hold_every_word_once_and_in_order() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({"maxTtlSeconds": 900})).await;
    let mut read = 0;
    for seed in 0..if long() { GROWN.1 } else { GROWN.0 } {
        let opened = ann.goto(&id, &format!("{}?seed={seed}", site.page("grown"))).await;
        let count: u64 = opened.text("title").strip_prefix("Grown ").unwrap().parse().unwrap();
        for format in ["text", "markdown"] {
            let content = ann.done(&id, "content", json!({"format": format})).await;
            assert!(content["truncated"].is_null(), "{seed}");
            let expected: Vec<String> = (1..=count).map(|word| format!("w{word}w")).collect();
            assert_eq!(words(content.text("content")), expected, "{format} of page {seed}");
            read += expected.len();
        }
    }
    assert!(read > 1_000, "{read} words were read");
    server.stop().await;
}

/// Bytes of text that are read at most, and a few more for what follows the cut.
const MOST_TEXT: usize = (4 << 20) + 1024;

#[tokio::test]
async fn whatever_a_page_is_made_of_is_read_within_its_bounds() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let mut id = String::new();
    for seed in 0..if long() { 3_000 } else { 40 } {
        if seed % 200 == 0 {
            id = ann.create(&json!({"maxTtlSeconds": 900})).await;
        }
        let mut dice = Dice::new(seed);
        let pieces = 1 << (3 + dice.throw(9));
        let page = html::document(&mut dice, pieces);
        let address = format!("data:text/html;charset=utf-8;base64,{}", STANDARD.encode(&page));
        if address.len() > 60_000 {
            continue; // an address of an action has a bound
        }
        ann.done(&id, "goto", json!({"url": address})).await;
        for format in ["text", "markdown", "html"] {
            let read = ann.act(&id, "content", json!({"format": format})).await;
            assert_eq!(read.status, 200, "seed {seed}, {format}: {}", read.body);
            let text = read.text("content");
            assert!(text.len() < MOST_TEXT || format == "html", "seed {seed}, {format}: {} bytes", text.len());
            let is_cut = read["truncated"] == true;
            assert!(
                text.len() < 40 * page.len() + 1_000 || is_cut,
                "seed {seed}, {format}: {} of {}",
                text.len(),
                page.len()
            );
        }
    }
    assert_eq!(ann.session(&id).await["session"]["status"], "active");
    server.stop().await;
}
