//! The answers to accepted requests.

use capture_core::browser::simulated::Step;
use serde_json::json;

use super::*;

const FINAL_KEYS: [&str; 15] = [
    "actionBreakdown",
    "actionCount",
    "actionErrorCount",
    "actionSuccessCount",
    "billedCredits",
    "closeReason",
    "closedAt",
    "createdAt",
    "durationSeconds",
    "expiresAt",
    "id",
    "options",
    "startedAt",
    "status",
    "success",
];

#[tokio::test(start_paused = true)]
async fn a_session_from_its_creation_to_its_end() {
    let edge = Edge::start().await;

    let created = edge.ask("POST", "/v1/sessions").json(&json!({"maxTtlSeconds": 60})).send().await;
    assert_eq!(created.status, 201);
    let mut created = created.json();
    let id = created["session"]["id"].take().as_str().unwrap().to_owned();
    let expires_at = created["session"]["expiresAt"].take();
    let options = json!({"maxTtlSeconds": 60, "proxy": false, "bypassBotDetection": false, "cdp": false});
    let mut session = options.clone();
    session["id"] = json!(null);
    session["expiresAt"] = json!(null);
    session["status"] = json!("active");
    assert_eq!(created, json!({"success": true, "session": session, "expiresInSeconds": 60}));

    let path = format!("/v1/sessions/{id}");
    let got = edge.ask("GET", &path).send().await;
    assert_eq!((got.status, got.header("content-type")), (StatusCode::OK, "application/json"));
    let got = got.json();
    assert_eq!((&got["success"], &got["expiresInSeconds"]), (&json!(true), &json!(60)));
    let got = &got["session"];
    assert_eq!((&got["id"], &got["expiresAt"], &got["options"]), (&json!(id), &expires_at, &options));
    assert_eq!(got["accruedCredits"], 1);
    for absent in ["closedAt", "durationSeconds", "billedCredits", "closeReason"] {
        assert!(got[absent].is_null() && got.get(absent).is_some(), "{absent}");
    }

    let acted = edge.act(&id, json!({"type": "goto", "payload": {"url": "https://a.test/"}})).await;
    assert_eq!(acted.status, 200);
    let mut acted = acted.json();
    assert!(acted["actionId"].take().as_str().is_some_and(|id| id.starts_with("a_")));
    let expected = json!({
        "success": true, "actionId": null, "durationMs": 0, "url": "https://a.test/", "status": 200,
        "title": "Simulated https://a.test/", "navigated": true, "expiresInSeconds": 60,
    });
    assert_eq!(acted, expected);

    let renewed = edge.ask("POST", &format!("{path}/renew")).json(&json!({"maxTtlSeconds": 120})).send().await;
    assert_eq!(renewed.status, 200);
    let renewed = renewed.json();
    assert_eq!((&renewed["success"], &renewed["expiresInSeconds"]), (&json!(true), &json!(120)));
    assert_eq!(renewed["session"]["status"], "active");

    let listed = edge.ask("GET", "/v1/sessions").send().await.json();
    assert_eq!(keys(&listed), ["activeSessionCount", "sessions", "success"]);
    assert_eq!((&listed["activeSessionCount"], &listed["sessions"][0]["id"]), (&json!(1), &json!(id)));
    assert_eq!(edge.ask("GET", "/v1/sessions").bearer("bob:bob-secret").send().await.json()["sessions"], json!([]));

    tokio::time::advance(Duration::from_secs(61)).await;
    let closed = edge.ask("DELETE", &path).send().await;
    assert_eq!(closed.status, 200);
    let mut view = closed.json();
    assert_eq!(keys(&view), ["expiresInSeconds", "session", "success"]);
    assert_eq!(view["expiresInSeconds"], 0);
    let last = &mut view["session"];
    assert_eq!(
        (&last["status"], &last["closeReason"], &last["billedCredits"]),
        (&json!("closed"), &json!("closed"), &json!(2))
    );
    assert_eq!(last["actionBreakdown"], json!({"goto": {"total": 1, "success": 1, "error": 0}}));
    last["success"] = json!(true);
    assert_eq!(keys(last), FINAL_KEYS);

    let again = edge.ask("DELETE", &path).header("content-type", "application/json").send().await;
    assert_eq!((again.status, &again.body), (closed.status, &closed.body));
    assert_eq!(edge.ask("GET", &path).send().await.body, closed.body);
    assert_eq!(edge.ask("GET", "/v1/sessions").send().await.json()["activeSessionCount"], 0);
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn all_sessions_are_closed_at_once() {
    let edge = Edge::start().await;
    let (one, two) = (edge.session().await, edge.session().await);
    let closed = edge.ask("DELETE", "/v1/sessions").send().await;
    assert_eq!(closed.status, 200);
    let closed = closed.json();
    assert_eq!(keys(&closed), ["sessions", "success"]);
    let mut ids: Vec<_> =
        closed["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap()).collect();
    let mut expected = [one.as_str(), two.as_str()];
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert!(closed["sessions"].as_array().unwrap().iter().all(|session| session["billedCredits"] == 1));
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_time_left_is_taken_when_the_reply_is_written() {
    let slow = Simulated::scripted(|_| Step::Succeed(Duration::from_millis(4500)));
    let edge = Edge::with(slow, Limits::default(), EdgeSettings::default()).await;
    let id = edge.session().await;
    let reply = edge.act(&id, title()).await.json();
    assert_eq!((&reply["durationMs"], &reply["expiresInSeconds"]), (&json!(4500), &json!(296)));
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_keyed_action_runs_once() {
    let edge = Edge::start().await;
    let id = edge.session().await;
    let path = format!("/v1/sessions/{id}/actions");
    let send =
        async |action: Value| edge.ask("POST", &path).header("idempotency-key", "k-1").json(&action).send().await;
    let first = send(title()).await.json();
    assert_eq!(first.get("replayed"), None);
    tokio::time::advance(Duration::from_secs(5)).await;
    let mut again = send(title()).await.json();
    assert_eq!((again["replayed"].take(), again["expiresInSeconds"].take()), (json!(true), json!(295)));
    assert_eq!((&again["actionId"], &again["title"]), (&first["actionId"], &first["title"]));
    let other = send(json!({"type": "url"})).await.assert_refused(400, "invalid_request");
    assert_eq!(other["session"]["actionCount"], 1);

    edge.ask("DELETE", &format!("/v1/sessions/{id}")).send().await;
    let late = send(title()).await.assert_refused(409, "session_inactive");
    assert_eq!((&late["outcome"], &late["expiresInSeconds"]), (&json!("executed"), &json!(0)));
    let unknown = edge.ask("POST", &path).header("idempotency-key", "k-2").json(&title()).send().await;
    assert_eq!(unknown.assert_refused(409, "session_inactive")["outcome"], "unknown");
    let broken = edge.ask("POST", &path).header("idempotency-key", "k-3").body("{").send().await;
    broken.assert_refused(409, "session_inactive");
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_keyed_action_whose_result_is_gone_says_so() {
    let edge =
        Edge::with(Simulated::default(), Limits { replay_bytes: 0, ..Limits::default() }, EdgeSettings::default())
            .await;
    let id = edge.session().await;
    let ask = || edge.ask("POST", &format!("/v1/sessions/{id}/actions")).header("idempotency-key", "k").json(&title());
    assert_eq!(ask().send().await.status, 200);
    let again = ask().send().await;
    assert_eq!(again.status, 200);
    let expected = json!({"success": true, "replayed": true, "resultDropped": true, "outcome": "executed", "expiresInSeconds": 300});
    assert_eq!(again.json(), expected);
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_keyed_create_makes_one_session() {
    let edge = Edge::start().await;
    let ask = || edge.ask("POST", "/v1/sessions").header("idempotency-key", "k");
    let (first, again) = (ask().send().await, ask().send().await);
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    let (first, again) = (first.json(), again.json());
    assert_eq!((&again["replayed"], &again["session"]), (&json!(true), &first["session"]));
    ask().json(&json!({"maxTtlSeconds": 60})).send().await.assert_refused(400, "invalid_request");
    ask().header("idempotency-key", "a b").send().await.assert_refused(400, "invalid_request");
    assert_eq!(edge.engine.live_sessions(), 1);
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_picture_goes_out_raw_only_when_it_is_named() {
    let edge = Edge::start().await;
    let id = edge.session().await;
    let path = format!("/v1/sessions/{id}/actions");
    let send =
        async |accept: &str, action: Value| edge.ask("POST", &path).header("accept", accept).json(&action).send().await;
    let shot = || json!({"type": "screenshot"});

    let raw = send("image/png", shot()).await;
    assert_eq!((raw.status, raw.header("content-type")), (StatusCode::OK, "image/png"));
    assert!(raw.body.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(raw.header("capture-expires-in-seconds"), "300");
    assert!(raw.header("capture-action-id").starts_with("a_"));

    for (accept, action) in [("*/*", shot()), ("image/png", title()), ("image/webp", shot())] {
        let reply = send(accept, action).await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "application/json"), "{accept}");
    }
    let json = send("*/*", shot()).await.json();
    assert_eq!(STANDARD.decode(json["bodyBase64"].as_str().unwrap()).unwrap(), raw.body);
    assert_eq!(json["contentType"], "image/png");
    send("image/png", json!({"type": "screenshot", "payload": {"quality": 1}}))
        .await
        .assert_refused(400, "invalid_request");
    edge.stop().await;
}

#[tokio::test]
async fn devices_and_health_need_no_credential() {
    let edge = Edge::start().await;
    let devices = edge.ask("GET", "/screenshot/devices").anonymous().send().await;
    assert_eq!(devices.status, 200);
    let devices = devices.json();
    assert_eq!(keys(&devices), ["count", "devices", "success"]);
    assert_eq!(devices["count"], devices["devices"].as_array().unwrap().len());
    assert_eq!(keys(&devices["devices"][0]), ["key", "name", "viewport"]);
    assert_eq!(
        keys(&devices["devices"][0]["viewport"]),
        ["deviceScaleFactor", "hasTouch", "height", "isLandscape", "isMobile", "width"]
    );

    for path in ["/healthz", "/readyz"] {
        assert_eq!(edge.ask("GET", path).anonymous().send().await.status, 200, "{path}");
    }
    edge.engine.drain();
    let ready = edge.ask("GET", "/readyz").anonymous().send().await;
    assert_eq!((ready.status.as_u16(), ready.json()["error"].as_str()), (503, Some("not ready: draining")));
    assert_eq!(edge.ask("GET", "/healthz").anonymous().send().await.status, 200);
    edge.ask("POST", "/v1/sessions").send().await.assert_refused(503, "busy");
    edge.stop().await;
}
