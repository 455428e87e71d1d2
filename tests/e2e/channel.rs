//! The streaming channel: connecting, driving, watching, resuming, closing.

use std::{collections::VecDeque, time::Duration};

use capture_tests::{Channel, Client, Connect, Server, Site};
use capture_ws::codec::Codec;
use serde_json::{Value, json};
use tokio::time::Instant;

struct Stage {
    server: Server,
    site: Site,
    ann: Client,
}

impl Stage {
    async fn set() -> Self {
        let (server, site) = (Server::start().await, Site::start().await);
        let ann = server.user("ann").await;
        Self { server, site, ann }
    }

    async fn channel(&self, codec: Codec) -> Channel {
        Channel::open(self.server.address(), self.ann.token(), codec).await
    }

    async fn ticket(&self, body: &Value) -> String {
        self.ann.post("/v1/stream/tickets", body).await.expect(200).text("ticket").to_owned()
    }

    async fn with_ticket(&self, ticket: &str) -> (Channel, u64) {
        let connect = Connect { address: self.server.address(), token: "", protocols: "capture.v1.json", origin: None };
        let (socket, codec) = connect.try_open().await.unwrap();
        let mut channel = Channel::over(socket, codec);
        let hello = channel.send("connection.hello", "", "", json!({"ticket": ticket})).await;
        (channel, hello)
    }

    async fn stop(self) {
        self.server.stop().await;
    }
}

fn seqs(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn one_connection_creates_drives_watches_and_closes_in_both_codecs() {
    let stage = Stage::set().await;
    for codec in Codec::ALL {
        let mut channel = stage.channel(codec).await;
        let hello = channel.request("connection.hello", "", json!({"client": {"name": "test", "version": "1"}})).await;
        assert_eq!((&hello["scope"]["mode"], &hello["maxIdleMs"]), (&json!("drive"), &json!(20_000)));
        let created = channel.request("session.create", "", json!({"maxTtlSeconds": 120})).await;
        let id = created["session"]["id"].as_str().unwrap().to_owned();
        assert_eq!(created["expiresInSeconds"], 120);
        let followed = channel.request("session.subscribe", &id, json!({"events": ["console"]})).await;
        assert_eq!((&followed["recovered"], &followed["seq"]), (&json!(true), &json!(0)));
        let arrived = channel.act(&id, "goto", json!({"url": stage.site.page("form")})).await;
        assert_eq!(arrived["title"], "Form");
        let picture = channel.act(&id, "screenshot", json!({})).await;
        assert!(picture["bodyBase64"].as_str().unwrap().len() > 1_000, "bytes travel in both codecs");
        let closed = channel.request("session.close", &id, json!({})).await;
        assert_eq!(closed["session"]["billedCredits"], 1);
        let events: Vec<Value> = channel.events.drain(..).collect();
        let told: Vec<&str> = events.iter().map(|event| event["method"].as_str().unwrap()).collect();
        let expected = [
            "action.started",
            "page.navigated",
            "action.finished",
            "action.started",
            "action.finished",
            "session.closed",
        ];
        assert_eq!(told, expected, "{codec:?}");
        assert_eq!(seqs(&events), [1, 2, 3, 4, 5, 6]);
        assert_eq!(events[0]["params"]["by"], hello["connectionId"]);
        assert_eq!(events[4]["params"]["result"], json!({"bytes": events[4]["params"]["result"]["bytes"]}));
        assert_eq!(events[5]["params"]["session"]["billedCredits"], 1);
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_rest_does_shows_up_on_every_watcher_and_an_observer_only_looks() {
    let stage = Stage::set().await;
    let id = stage.ann.create(&json!({})).await;
    let mut driver = stage.channel(Codec::MessagePack).await;
    let ticket = stage.ticket(&json!({"sessionId": id, "mode": "observe"})).await;
    let (mut observer, hello) = stage.with_ticket(&ticket).await;
    assert_eq!(observer.answer(hello).await["result"]["scope"], json!({"sessionId": id, "mode": "observe"}));
    for watcher in [&mut driver, &mut observer] {
        watcher.request("session.subscribe", &id, json!({"events": ["console", "errors"]})).await;
    }
    stage.ann.goto(&id, &stage.site.page("form")).await;
    for watcher in [&mut driver, &mut observer] {
        let finished = watcher.event("action.finished").await;
        assert_eq!((&finished["params"]["type"], &finished["params"]["by"]), (&json!("goto"), &Value::Null));
    }
    let refused = observer.ask("session.act", &id, "k", json!({"type": "title"})).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["reason"]), (&json!("forbidden"), &json!("scope")));
    let other = stage.ann.create(&json!({})).await;
    let refused = observer.ask("session.get", &other, "", json!({})).await;
    assert_eq!(refused["error"]["reason"], "scope");
    let (mut again, _) = stage.with_ticket(&ticket).await;
    assert_eq!(again.close_code().await, 4501, "a ticket works once");
    stage.stop().await;
}

#[tokio::test]
async fn actions_are_answered_in_order_after_their_events() {
    let stage = Stage::set().await;
    let mut channel = stage.channel(Codec::Json).await;
    let created = channel.request("session.create", "", json!({})).await;
    let id = created["session"]["id"].as_str().unwrap().to_owned();
    channel.request("session.subscribe", &id, json!({})).await;
    let mut sent = Vec::new();
    for number in 0..8 {
        let params = json!({"type": if number % 2 == 0 { "title" } else { "url" }});
        sent.push(channel.send("session.act", &id, &format!("k{number}"), params).await);
    }
    let (mut answered, mut finished) = (Vec::new(), Vec::new());
    while answered.len() < sent.len() {
        let frame = channel.next_frame().await.unwrap();
        if frame["method"] == "action.finished" {
            finished.push(frame["seq"].as_u64().unwrap());
        } else if frame["type"] == "success" {
            assert!(finished.contains(&frame["seq"].as_u64().unwrap()), "its event came before it");
            answered.push(frame["id"].as_u64().unwrap());
        }
    }
    assert_eq!(answered, sent);
    let again = channel.ask("session.act", &id, "k0", json!({"type": "title"})).await;
    assert_eq!((&again["result"]["replayed"], &again["type"]), (&json!(true), &json!("success")));
    assert_eq!(stage.ann.session(&id).await["session"]["actionCount"], 8, "a key never runs twice");
    let slow = channel
        .send("session.act", &id, "slow", json!({"type": "wait_for_timeout", "payload": {"timeoutMs": 2500}}))
        .await;
    let waiting = channel.send("session.act", &id, "waiting", json!({"type": "title"})).await;
    while channel.next_frame().await.unwrap()["method"] != "action.started" {}
    for (key, request, outcome) in [("waiting", waiting, "not_executed"), ("slow", slow, "unknown")] {
        assert_eq!(channel.request("session.cancel", &id, json!({"key": key})).await["cancelled"], true);
        let cancelled = channel.answer(request).await;
        assert_eq!(
            (&cancelled["error"]["reason"], &cancelled["error"]["outcome"]),
            (&json!("cancelled"), &json!(outcome))
        );
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_dropped_connection_resumes_without_a_hole_even_after_the_end() {
    let stage = Stage::set().await;
    let mut first = stage.channel(Codec::Json).await;
    let id = stage.ann.create(&json!({})).await;
    let followed = first.request("session.subscribe", &id, json!({})).await;
    first.act(&id, "goto", json!({"url": stage.site.page("form")})).await;
    let last = first.events.back().unwrap()["seq"].clone();
    first.drop_connection();
    stage.ann.act(&id, "title", json!({})).await.expect(200);
    let since = json!({"since": {"epoch": followed["epoch"], "seq": last}});
    let mut second = stage.channel(Codec::MessagePack).await;
    let resumed = second.request("session.subscribe", &id, since.clone()).await;
    assert_eq!((&resumed["recovered"], &resumed["snapshot"]["url"]), (&json!(true), &json!(stage.site.page("form"))));
    assert_eq!(seqs(resumed["events"].as_array().unwrap()), [last.as_u64().unwrap() + 1, last.as_u64().unwrap() + 2]);
    second.drop_connection();
    stage.ann.close(&id).await.expect(200);
    let mut third = stage.channel(Codec::Json).await;
    let resumed = third.request("session.subscribe", &id, since).await;
    assert_eq!(resumed["events"].as_array().unwrap().last().unwrap()["method"], "session.closed");
    let gone = json!({"since": {"epoch": "e_other", "seq": 1}});
    let refused = third.ask("session.subscribe", &id, "", gone).await;
    assert_eq!(refused["error"]["code"], "session_inactive");
    stage.stop().await;
}

#[tokio::test]
async fn what_a_page_does_by_itself_is_told() {
    let stage = Stage::set().await;
    let mut channel = stage.channel(Codec::Json).await;
    let id = stage.ann.create(&json!({})).await;
    channel.request("session.subscribe", &id, json!({"events": ["console", "errors"]})).await;
    channel.act(&id, "goto", json!({"url": stage.site.page("making")})).await;
    channel.act(&id, "click", json!({"selector": "#make"})).await;
    assert_eq!(channel.event("page.download").await["params"]["suggestedFilename"], "notes.txt");
    let script = "console.warn('careful', 1); setTimeout(() => { throw new Error('late') }); alert('hello')";
    channel.act(&id, "goto", json!({"url": format!("data:text/html,<script>{script}</script>")})).await;
    // Console lines and events of the log are delivered independently, so their order varies.
    let [console, dialog, error] = channel.events_of(["page.console", "page.dialog", "page.error"]).await;
    assert_eq!((&console["params"]["level"], &console["params"]["text"]), (&json!("warning"), &json!("careful 1")));
    assert_eq!(console["params"]["dropped"], 0);
    assert_eq!(dialog["params"], json!({"type": "alert", "message": "hello", "accepted": true}));
    assert!(error["params"]["message"].as_str().unwrap().contains("late"));
    stage.stop().await;
}

#[tokio::test]
async fn what_a_tab_in_the_background_does_is_told_once_it_is_active() {
    let stage = Stage::set().await;
    let mut channel = stage.channel(Codec::Json).await;
    let id = stage.ann.create(&json!({})).await;
    channel.request("session.subscribe", &id, json!({})).await;
    let [wandering, closing, form] = ["wandering", "closing", "form"].map(|page| stage.site.page(page));
    let opener = format!("data:text/html,<button id=popup onclick=window.open('{wandering}')>Popup</button>");
    channel.act(&id, "goto", json!({"url": opener})).await;
    channel.act(&id, "click", json!({"selector": "#popup"})).await;
    assert_eq!(channel.act(&id, "click", json!({"selector": "#open"})).await["newTab"]["url"], closing);
    // In the meantime the popup navigates, behind the tab that opened it.
    channel.act(&id, "wait_for_timeout", json!({"timeoutMs": 1500})).await;
    let hovered = channel.act(&id, "hover", json!({"selector": "#close"})).await;
    assert_eq!(hovered.get("navigated"), None, "{hovered}");
    let navigated = |events: &VecDeque<Value>| -> Vec<Value> {
        let told = events.iter().filter(|event| event["method"] == "page.navigated");
        told.map(|event| event["params"]["url"].clone()).collect()
    };
    assert_eq!(navigated(&channel.events), [opener, wandering, closing]);
    channel.events.clear();
    channel.act(&id, "click", json!({"selector": "#close"})).await;
    assert_eq!(channel.act(&id, "title", json!({})).await["title"], "Form");
    assert_eq!(navigated(&channel.events), [form]);
    stage.stop().await;
}

#[tokio::test]
async fn the_countdown_is_told_as_it_is_and_at_once_when_it_changes() {
    let stage = Stage::set().await;
    let mut channel = stage.channel(Codec::Json).await;
    let id = stage.ann.create(&json!({"maxTtlSeconds": 12})).await;
    channel.request("session.subscribe", &id, json!({"events": ["countdown"], "countdownMs": 60_000})).await;
    for expected in [10, 9, 8] {
        let event = channel.event("session.countdown").await;
        let (left, ms) = (event["params"]["expiresInSeconds"].as_u64(), event["params"]["remainingMs"].as_u64());
        assert_eq!(left, Some(expected));
        assert!(ms.unwrap().div_ceil(1_000) == expected, "{event}");
    }
    let asked = Instant::now();
    channel.request("session.renew", &id, json!({"maxTtlSeconds": 3})).await;
    let event = channel.event("session.countdown").await;
    assert!(asked.elapsed() < Duration::from_millis(900) && event["params"]["expiresInSeconds"] == 3, "{event}");
    let closed = channel.event("session.closed").await;
    assert_eq!(closed["params"]["session"]["status"], "expired");
    channel.request("connection.ping", "", json!({})).await;
    stage.stop().await;
}

#[tokio::test]
async fn whoever_may_not_connect_is_told_before_the_upgrade() {
    let stage = Stage::set().await;
    let address = stage.server.address();
    let own = format!("http://{address}");
    for (token, protocols, origin, expected) in [
        ("", "", None, 400),
        ("", "capture.v2.json", None, 400),
        ("bm9ib2R5OnNlY3JldA==", "capture.v1.json", None, 401),
        ("", "capture.v1.json", Some("https://evil.test"), 403),
        ("", "capture.v1.json", Some(own.as_str()), 101),
        (stage.ann.token(), "capture.v1.json", None, 101),
    ] {
        let connect = Connect { address, token, protocols, origin };
        let status = connect.try_open().await.err().map_or(101, |response| response.status().as_u16());
        assert_eq!(status, expected, "{connect:?}");
    }
    stage.ann.get("/v1/stream").await.expect_error(400, "invalid_request");
    let other = stage.server.user("bob").await;
    let id = other.create(&json!({})).await;
    stage.ann.post("/v1/stream/tickets", &json!({"sessionId": id})).await.expect_error(404, "session_not_found");
    stage.stop().await;
}

#[tokio::test]
async fn broken_frames_close_with_the_code_that_says_why() {
    use tokio_tungstenite::tungstenite::Message;
    let stage = Stage::set().await;
    let ping = |id: u64| json!({"id": id, "method": "connection.ping"}).to_string();
    for (codec, messages, expected) in [
        (Codec::Json, vec![Message::text("{")], 4500),
        (Codec::Json, vec![Message::text("[]")], 4500),
        (Codec::Json, vec![Message::text("[".repeat(65))], 4500),
        (Codec::Json, vec![Message::binary(ping(1))], 1003),
        (Codec::MessagePack, vec![Message::text(ping(1))], 1003),
        (Codec::MessagePack, vec![Message::binary(vec![0x91; 10_000])], 4500),
        (Codec::MessagePack, vec![Message::binary(vec![0xdd, 0xff, 0xff, 0xff, 0xff])], 4500),
        (Codec::Json, vec![Message::text(" ".repeat((1 << 20) + 1))], 1009),
    ] {
        let mut channel = stage.channel(codec).await;
        for message in messages.clone() {
            channel.send_message(message).await;
        }
        assert_eq!(channel.close_code().await, expected, "{codec:?} {:.80}", format!("{messages:?}"));
    }
    let mut twice = stage.channel(Codec::Json).await;
    let id = stage.ann.create(&json!({})).await;
    for _ in 0..2 {
        let act = json!({"id": 1, "method": "session.act", "sessionId": id, "key": "k",
            "params": {"type": "wait_for_timeout", "payload": {"timeoutMs": 1000}}});
        twice.send_frame(&act).await;
    }
    assert_eq!(twice.close_code().await, 4509);
    let mut stranger = stage.with_ticket("wst_guessed").await.0;
    assert_eq!(stranger.close_code().await, 4501);
    let mut channel = stage.channel(Codec::Json).await;
    let unknown = channel.ask("session.fly", &id, "", json!({})).await;
    assert_eq!(unknown["error"]["reason"], "unknown_method");
    channel.request("connection.ping", "", json!({"later": 1})).await;
    stage.stop().await;
}

#[tokio::test]
async fn a_live_view_shows_the_page_as_it_changes_and_waits_for_credits() {
    let stage = Stage::set().await;
    let mut channel = stage.channel(Codec::MessagePack).await;
    let id = stage.ann.create(&json!({})).await;
    stage.ann.goto(&id, &stage.site.page("form")).await;
    channel.request("view.start", &id, json!({"maxWidth": 640, "maxFps": 15})).await;
    let first = channel.event("view.frame").await;
    let (width, scale) = (first["params"]["width"].as_u64().unwrap(), first["params"]["scale"].as_f64().unwrap());
    assert!(
        width <= 640 && (scale - f64::from(u32::try_from(width).unwrap()) / 1440.0).abs() < 0.01,
        "{width} {scale}"
    );
    assert!(first["params"]["dataBase64"].as_str().unwrap().starts_with("/9j/"), "JPEG");
    stage.ann.goto(&id, &stage.site.page("moving")).await;
    channel.event("view.frame").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    channel.request("connection.ping", "", json!({})).await;
    assert!(channel.events.iter().all(|event| event["method"] != "view.frame"), "no credit, no picture");
    channel.request("view.credit", &id, json!({})).await;
    channel.event("view.frame").await;
    channel.request("view.stop", &id, json!({})).await;
    stage.stop().await;
}

#[tokio::test]
async fn a_live_view_ends_with_the_page_as_it_is() {
    let stage = Stage::set().await;
    let mut channel = stage.channel(Codec::MessagePack).await;
    let id = stage.ann.create(&json!({})).await;
    for (fps, credits_after) in [(15, Duration::ZERO), (2, Duration::ZERO), (15, Duration::from_millis(1_500))] {
        channel.request("view.start", &id, json!({"maxFps": fps})).await;
        stage.ann.goto(&id, &stage.site.page("settling")).await;
        tokio::time::sleep(credits_after).await;
        let settled = async {
            // A page full of text makes a larger picture than a page of one colour.
            while channel.event("view.frame").await["params"]["dataBase64"].as_str().unwrap().len() < 100_000 {
                channel.request("view.credit", &id, json!({})).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(8), settled).await.expect("the last picture shows how the page is");
        channel.request("view.stop", &id, json!({})).await;
        channel.events.clear();
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_stopping_server_tells_the_end_of_each_session_and_then_closes_1012() {
    let mut stage = Stage::set().await;
    let mut channel = stage.channel(Codec::Json).await;
    let id = stage.ann.create(&json!({})).await;
    channel.request("session.subscribe", &id, json!({})).await;
    let (status, ()) = tokio::join!(stage.server.terminate(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stage.ann.close(&id).await.expect(200);
    });
    assert!(status.success());
    assert_eq!(channel.event("session.closed").await["params"]["session"]["status"], "closed");
    assert_eq!(channel.close_code().await, 1012);
}
