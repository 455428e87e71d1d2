//! Bad requests and bad pages: every one gets an error in the contract's shape.

use serde_json::json;

use super::{Stage, header};

#[tokio::test]
async fn bad_parameters_are_named() {
    let stage = Stage::start().await;
    let url = stage.site.url("/tall.html");
    for (kind, body, names) in [
        ("image", json!({"full": true}), "url or html is required"),
        ("image", json!({"url": url, "html": "x"}), "not both"),
        ("image", json!({"url": "ftp://example.com/"}), "http or https"),
        ("image", json!({"url": "javascript://alert(1)"}), "http or https"),
        ("image", json!({"url": url, "full": "maybe"}), "full must be true or false"),
        ("image", json!({"url": url, "vw": "wide"}), "vw must be a number"),
        ("image", json!({"url": url, "type": "gif"}), "png, jpeg or webp"),
        ("image", json!({"url": url, "waitFor": "h1:contains(\"Welcome\")"}), "waitFor"),
        ("image", json!({"url": url, "selector": "((("}), "selector"),
        ("image", json!({"url": url, "colour": "red"}), "unknown parameter \"colour\""),
        ("pdf", json!({"url": url, "width": "10 miles", "height": "1in"}), "width must be a length"),
        ("content", json!({"url": [url]}), "url must be a text"),
        ("metadata", json!([1]), "object"),
    ] {
        let refused = stage.ann.post(&format!("/v1/render/{kind}"), &body).await.expect_error(400, "invalid_request");
        assert!(refused.text("error").contains(names), "{body}: {}", refused.body);
    }
    stage.ann.post("/v1/render/video", &json!({"url": url})).await.expect(404);
    let warned = stage
        .render(
            "image",
            "/tall.html",
            &json!({"vw": 99999, "stealth": true, "blockAds": true, "transparent": true, "type": "jpeg"}),
        )
        .await;
    for word in ["vw must be", "stealth is ignored", "blockAds is ignored", "transparent is ignored"] {
        assert!(header(&warned, "x-capture-warning").contains(word), "{word}: {:?}", warned.headers);
    }
    assert_eq!(warned.expect(200).headers["content-security-policy"], "sandbox; default-src 'none'");
    stage.server.stop().await;
}

#[tokio::test]
async fn a_page_that_cannot_be_reached_is_an_error_and_one_with_a_status_is_not() {
    let stage = Stage::start().await;
    for status in [404, 500] {
        let reply = stage.render("image", &format!("/status/{status}"), &json!({})).await.expect(200);
        assert_eq!(header(&reply, "x-capture-page-status"), status.to_string());
    }
    let (late, closed, nothing) =
        (json!({"waitFor": "#never", "waitTimeout": 1.5}), json!({"url": "http://127.0.0.1:2/"}), json!({}));
    let (late, closed, download) = tokio::join!(
        stage.render("image", "/tall.html", &late),
        stage.ann.post("/v1/render/pdf", &closed),
        stage.render("image", "/download", &nothing),
    );
    late.expect_error(504, "action_timeout");
    assert_eq!(closed.expect_error(400, "action_failed").text("reason"), "net::ERR_CONNECTION_REFUSED");
    assert_eq!(download.expect_error(400, "action_failed").text("reason"), "download");
    stage.server.stop().await;
}
