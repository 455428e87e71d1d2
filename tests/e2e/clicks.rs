//! Clicks whose replies are truthful.

use capture_tests::{Client, Reply, Server, Site};
use serde_json::{Value, json};

struct Page {
    server: Server,
    site: Site,
    ann: Client,
    id: String,
}

impl Page {
    async fn open() -> Self {
        let (server, site) = (Server::start().await, Site::start().await);
        let ann = server.user("ann").await;
        let id = ann.create(&json!({})).await;
        ann.goto(&id, &site.page("clicks")).await;
        Self { server, site, ann, id }
    }

    async fn click(&self, payload: Value) -> Reply {
        self.ann.act(&self.id, "click", payload).await
    }

    async fn log(&self) -> String {
        self.ann.log(&self.id).await
    }

    /// Opens the page again, so that earlier clicks have no effect.
    async fn again(&self) {
        self.ann.goto(&self.id, &self.site.page("clicks")).await;
    }
}

#[tokio::test]
async fn a_click_is_trusted_and_lands_where_it_was_aimed() {
    let page = Page::open().await;
    let reply = page.click(json!({"selector": "#plain"})).await.expect(200);
    assert_eq!(page.log().await, "click plain true");
    assert_eq!(reply["tagName"], "button");
    assert_eq!(reply["elementText"], "Plain");
    assert_eq!(reply["attributes"], json!({"id": "plain"}));
    assert_eq!((&reply["matched"], &reply["visible"], &reply["enabled"]), (&json!(true), &json!(true), &json!(true)));
    assert_eq!(reply["matchCount"], 1);
    assert_eq!(reply.text("url"), page.site.page("clicks"));
    let (bounds, point) = (&reply["boundingBox"], &reply["clickedPoint"]);
    let middle = bounds["x"].as_f64().unwrap() + bounds["width"].as_f64().unwrap() / 2.0;
    assert!((point["x"].as_f64().unwrap() - middle).abs() < 0.01, "{point} in {bounds}");
    assert!(reply["navigated"].is_null() && reply["dialogs"].is_null() && reply["newTab"].is_null());

    for (payload, heard) in [
        (json!({"selector": "#plain", "clickCount": 2}), "dblclick plain true"),
        (json!({"selector": "#plain", "button": "right"}), "auxclick plain true"),
        (json!({"selector": "#plain", "button": "middle"}), "auxclick plain true"),
        (json!({"selector": "#plain", "modifiers": ["Shift", "Alt"]}), "click plain true altKey,shiftKey"),
        (json!({"selector": "#plain", "position": {"x": 2, "y": 2}}), "click plain true"),
        (json!({"x": point["x"], "y": point["y"]}), "click plain true"),
        (json!({"selector": "#later"}), "click later true"),
        (json!({"selector": "#uncovered-later"}), "click uncovered-later true"),
        (json!({"selector": "#see-through"}), "click see-through true"),
        (json!({"selector": "#in-scroller"}), "click in-scroller true"),
        (json!({"selector": "#far"}), "click far true"),
        (json!({"selector": "#plain"}), "click plain true"),
        (json!({"selector": "#shape"}), "click shape true"),
        (json!({"selector": "#inside"}), "inside the shadow"),
        (json!({"selector": "text=Plain"}), "click plain true"),
        (json!({"selector": "//button[@id='far']"}), "click far true"),
        (json!({"selector": ".many"}), "click many true"),
    ] {
        page.click(payload.clone()).await.expect(200);
        assert_eq!(page.log().await, heard, "{payload}");
    }
    page.click(json!({"selector": "#label"})).await.expect(200);
    let checked = page.ann.done(&page.id, "query", json!({"selector": "#hidden-box:checked"})).await;
    assert_eq!(checked["count"], 1, "a label around a hidden checkbox checks it");
    page.server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_clicked_is_not_clicked_and_says_why() {
    let page = Page::open().await;
    for (selector, why, says) in [
        ("#below", "covered", "covered by div#consent"),
        ("#disabled", "disabled", "stayed disabled"),
        ("#moving", "moving", "did not stop moving"),
        ("#nowhere", "not_found", "did not appear"),
    ] {
        let reply =
            page.click(json!({"selector": selector, "timeoutMs": 700})).await.expect_error(504, "action_timeout");
        assert!(reply.text("error").contains(says), "{}", reply.body);
        assert!(reply.text("error").contains("700 ms"), "{}", reply.body);
        assert_eq!((reply.text("waitingFor"), reply.text("outcome")), (why, "not_executed"));
    }
    let covered = page.click(json!({"selector": "#below", "timeoutMs": 300})).await.expect(504);
    assert_eq!(covered["coveredBy"], "div#consent");
    assert_eq!(page.log().await, "", "nothing received a click");
    page.click(json!({"selector": "#below", "force": true})).await.expect(200);
    assert_eq!(page.log().await, "click consent true", "forced: what is in front receives it");
    let invalid = page.click(json!({"selector": "###"})).await.expect_error(400, "invalid_request");
    assert!(invalid.text("error").contains("###"), "{}", invalid.body);
    page.server.stop().await;
}

#[tokio::test]
async fn what_a_click_causes_is_in_its_reply() {
    let page = Page::open().await;
    let confirm = page.click(json!({"selector": "#dialog"})).await.expect(200);
    assert_eq!(confirm["dialogs"], json!([{"type": "confirm", "message": "sure?", "accepted": false}]));
    assert_eq!(page.log().await, "confirmed false");
    let alert = page.click(json!({"selector": "#alert"})).await.expect(200);
    assert_eq!(alert["dialogs"][0]["accepted"], true);
    assert_eq!(page.log().await, "after alert");

    let hash = page.click(json!({"selector": "#hash"})).await.expect(200);
    assert_eq!(hash["navigated"], true);
    assert!(hash.text("url").ends_with("#here"));

    let download = page.click(json!({"selector": "#download"})).await.expect(200);
    assert_eq!(download["download"]["suggestedFilename"], "report.bin");
    assert!(download.text("url").contains("clicks.html"), "a download does not leave the page");

    let link = page.click(json!({"selector": "#link"})).await.expect(200);
    assert_eq!((&link["navigated"], link.text("url")), (&json!(true), page.site.page("other").as_str()));
    page.again().await;
    let slow = page.click(json!({"selector": "#slow"})).await.expect(200);
    assert!(
        slow.text("url").ends_with("/slow/300"),
        "the reply waits for the document a click leads to: {}",
        slow.body
    );
    assert_eq!(page.ann.done(&page.id, "title", json!({})).await["title"], "Slow 300");
    page.server.stop().await;
}

#[tokio::test]
async fn a_page_that_overrides_everything_cannot_lie_to_us() {
    let page = Page::open().await;
    page.ann.goto(&page.id, &page.site.page("hostile-overrides")).await;
    let reply = page.click(json!({"selector": "#b"})).await.expect(200);
    assert_eq!(reply["elementText"], "B");
    let query = page.ann.done(&page.id, "query", json!({"selector": "button", "attributes": ["data-n"]})).await;
    assert_eq!(query["elements"][0]["attributes"]["data-n"], "1");
    page.server.stop().await;
}
