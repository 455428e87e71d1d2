//! Pictures: their contents, sizes, and device profiles.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_tests::{Reply, Server, Site, until};
use serde_json::{Value, json};
use std::time::Duration;

fn size(reply: &Reply) -> (u64, u64) {
    let bytes = STANDARD.decode(reply.text("bodyBase64")).unwrap();
    match reply.text("contentType") {
        "image/png" => assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n")),
        "image/jpeg" => assert!(bytes.starts_with(&[0xff, 0xd8, 0xff])),
        "image/webp" => assert!(bytes.starts_with(b"RIFF") && bytes[8..12] == *b"WEBP"),
        other => panic!("{other}"),
    }
    (reply["width"].as_u64().unwrap(), reply["height"].as_u64().unwrap())
}

#[tokio::test]
async fn pictures_have_the_size_that_was_asked_for() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("tall")).await;
    for (payload, expected) in [
        (json!({}), (1440, 900)),
        (json!({"type": "jpeg", "quality": 60}), (1440, 900)),
        (json!({"type": "webp"}), (1440, 900)),
        (json!({"fullPage": true}), (1440, 3000)),
        (json!({"selector": "#box"}), (120, 80)),
        (json!({"clip": {"x": 10, "y": 20, "width": 300, "height": 200}}), (300, 200)),
        (json!({"omitBackground": true}), (1440, 900)),
        (json!({"viewport": {"width": 800, "height": 600}}), (800, 600)),
        (json!({}), (800, 600)),
        (json!({"vw": 400, "vh": 300, "scaleFactor": 2}), (800, 600)),
        (json!({"deviceScaleFactor": 1}), (400, 300)),
        (json!({"fullPage": true, "vw": 500, "vh": 500}), (500, 3000)),
    ] {
        let reply = ann.done(&id, "screenshot", payload.clone()).await;
        assert_eq!(size(&reply), expected, "{payload}");
    }
    let missing = ann.act(&id, "screenshot", json!({"selector": "#none"})).await;
    missing.expect_error(504, "action_timeout");
    server.stop().await;
}

#[tokio::test]
async fn a_device_gives_size_scale_touch_and_user_agent_until_it_is_changed() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.done(&id, "goto", json!({"url": site.url("/agent"), "emulateDevice": "iphone_15_pro"})).await;
    let agent = ann.done(&id, "content", json!({})).await;
    assert!(agent.text("content").contains("iPhone"), "{}", agent.body);
    assert_eq!(size(&ann.done(&id, "screenshot", json!({})).await), (393 * 3, 659 * 3));
    ann.done(&id, "goto", json!({"url": site.url("/agent"), "vw": 1000, "vh": 500})).await;
    let agent = ann.done(&id, "content", json!({})).await;
    assert!(!agent.text("content").contains("iPhone") && agent.text("content").contains("Mozilla"), "{}", agent.body);
    let devices = ann.get("/screenshot/devices").await.expect(200);
    assert_eq!(devices["count"], devices["devices"].as_array().unwrap().len());
    assert!(devices["count"].as_u64().unwrap() >= 120);
    let known = devices["devices"].as_array().unwrap().iter().find(|device| device["key"] == "pixel_8").unwrap();
    assert!(known["viewport"]["deviceScaleFactor"].is_number() && known["name"].is_string());
    server.stop().await;
}

#[tokio::test]
async fn any_action_can_bring_a_picture() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let goto = ann.done(&id, "goto", json!({"url": site.page("form"), "screenshot": true, "vw": 640, "vh": 480})).await;
    assert_eq!((&goto["screenshot"]["width"], &goto["screenshot"]["contentType"]), (&json!(640), &json!("image/png")));
    assert!(goto["screenshot"]["bodyBase64"].as_str().unwrap().len() > 1000);
    let path = format!("/v1/sessions/{id}/actions");
    let raw = ann.post_with(&path, &[("accept", "image/png")], &json!({"type": "screenshot"})).await.expect(200);
    assert_eq!(raw.headers["content-type"], "image/png");
    assert!(raw.bytes.starts_with(b"\x89PNG") && raw.headers.contains_key("capture-action-id"));
    assert!(raw.headers["capture-expires-in-seconds"].to_str().unwrap().parse::<u64>().unwrap() > 200);
    let json = ann.post_with(&path, &[("accept", "*/*")], &json!({"type": "screenshot"})).await.expect(200);
    assert!(json["bodyBase64"].is_string(), "*/* stays JSON");
    server.stop().await;
}

#[tokio::test]
async fn elements_of_right_to_left_pages_are_pictured_wherever_they_are() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("right-to-left")).await;
    for scrolled in [false, true] {
        for selector in ["#near", "#far", "#below", "#inner"] {
            let reply = ann.done(&id, "screenshot", json!({"selector": selector})).await;
            assert_eq!(size(&reply), (120, 80), "{selector}");
            let picture = STANDARD.decode(reply.text("bodyBase64")).unwrap();
            let only = capture_tests::likeness::only_colour(&picture);
            assert_eq!(only, Some([10, 120, 40]), "{selector}, scrolled: {scrolled}");
        }
        ann.done(&id, "scroll", json!({"direction": "left", "amount": 700})).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn what_needs_frames_gets_them() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("frames-clock")).await;
    let seen = async || serde_json::from_str::<Value>(&ann.log(&id).await).unwrap_or_default();
    until("animation callbacks run at rest", Duration::from_secs(10), async || {
        seen().await["frames"].as_u64().unwrap_or(0) > 5
    })
    .await;
    assert_eq!(seen().await["intersected"], false);
    ann.done(&id, "click", json!({"selector": "#sentinel"})).await;
    until("what is scrolled into view is noticed", Duration::from_secs(5), async || {
        seen().await["intersected"] == true
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn later_tabs_are_the_same_device_and_a_batch_has_a_size() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let popups = site.page("popups");
    let steps =
        json!([{"type": "goto", "payload": {"url": popups, "emulateDevice": "iphone_15_pro"}}, {"type": "title"}]);
    let batch = ann.done(&id, "batch", json!({"actions": steps, "screenshot": true, "scaleFactor": 1})).await;
    assert!(
        batch["results"][1]["screenshot"]["width"].as_u64().unwrap() < 1300,
        "{}",
        batch["results"][1]["screenshot"]["width"]
    );
    ann.done(&id, "screenshot", json!({"scaleFactor": 1})).await;
    ann.done(&id, "click", json!({"selector": "#open"})).await;
    ann.goto(&id, &site.url("/agent")).await;
    let agent = ann.done(&id, "content", json!({})).await;
    assert!(agent.text("content").contains("iPhone"), "{}", agent.text("content"));
    server.stop().await;
}
