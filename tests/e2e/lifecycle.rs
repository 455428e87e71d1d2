//! A session from its creation to its end, as a client sees it.

use std::time::Duration;

use capture_tests::{Server, Site, WallClock, processes, server::Folder, until};
use rustix::process::Signal;
use serde_json::json;
use tokio::time::Instant;

#[tokio::test]
async fn a_session_lives_is_counted_and_is_closed_once() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let created = ann.post("/v1/sessions", &json!({"maxTtlSeconds": 5000})).await.expect(201);
    assert_eq!((&created["session"]["maxTtlSeconds"], &created["expiresInSeconds"]), (&json!(900), &json!(900)));
    let id = created["session"]["id"].as_str().unwrap().to_owned();
    ann.goto(&id, &site.page("form")).await;
    ann.act(&id, "click", json!({"selector": "#none", "timeoutMs": 100})).await.expect(504);
    ann.act(&id, "click", json!({})).await.expect(400);
    let actions = json!([{"type": "title"}, {"type": "fill", "payload": {"selector": "#name", "value": "x"}}]);
    let batch = ann.done(&id, "batch", json!({"actions": actions})).await;
    assert_eq!((&batch["completed"], &batch["failedIndex"]), (&json!(2), &json!(null)));
    assert_eq!((&batch["results"][0]["title"], &batch["results"][1]["value"]), (&json!("Form"), &json!("x")));
    let seen = ann.session(&id).await.expect(200);
    let tally = |total, error| json!({"total": total, "success": total - error, "error": error});
    assert_eq!(
        seen["session"]["actionBreakdown"],
        json!({"goto": tally(1, 0), "click": tally(1, 1), "batch": tally(1, 0), "title": tally(1, 0), "fill": tally(1, 0)}),
        "refused requests are not attempts"
    );
    assert_eq!((&seen["session"]["actionCount"], &seen["session"]["accruedCredits"]), (&json!(5), &json!(1)));
    let closed = ann.close(&id).await.expect(200);
    assert_eq!((&closed["session"]["billedCredits"], &closed["session"]["closeReason"]), (&json!(1), &json!("closed")));
    assert_eq!(ann.close(&id).await.expect(200).body, closed.body, "the same final body again");
    assert_eq!(ann.session(&id).await.expect(200)["session"], closed["session"]);
    let late = ann.act(&id, "title", json!({})).await.expect_error(409, "session_inactive");
    assert_eq!((&late["session"], &late["expiresInSeconds"]), (&closed["session"], &json!(0)));
    ann.post(&format!("/v1/sessions/{id}/renew"), &json!({"maxTtlSeconds": 5})).await.expect(409);
    server.stop().await;
}

#[tokio::test]
async fn a_failing_batch_keeps_what_happened() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    ann.goto(&id, &site.page("form")).await;
    let missing = json!({"type": "click", "payload": {"selector": "#none", "timeoutMs": 100}});
    let actions = json!([{"type": "title"}, missing, {"type": "url"}]);
    let stopped = ann.act(&id, "batch", json!({"actions": actions})).await.expect_error(504, "action_timeout");
    assert_eq!((&stopped["failedIndex"], &stopped["completed"]), (&json!(1), &json!(1)));
    assert_eq!(stopped["results"].as_array().unwrap().len(), 2);
    assert_eq!(stopped["results"][1]["code"], "action_timeout");
    let whole = ann.done(&id, "batch", json!({"actions": actions, "continueOnError": true})).await;
    assert_eq!((&whole["completed"], &whole["failedIndex"]), (&json!(2), &json!(1)));
    assert!(whole["results"][2]["url"].is_string());
    let before = ann.session(&id).await["session"]["actionCount"].clone();
    ann.act(&id, "batch", json!({"actions": [{"type": "title"}, {"type": "goto"}]}))
        .await
        .expect_error(400, "invalid_request");
    assert_eq!(ann.session(&id).await["session"]["actionCount"], before, "no step ran: all are checked first");
    server.stop().await;
}

#[tokio::test]
async fn expiry_ends_the_action_in_flight_and_costs_what_was_held() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user_with("ann", &["--credits", "2"]).await;
    let id = ann.create(&json!({"maxTtlSeconds": 2})).await;
    assert_eq!(server.folder().account("ann", "held").await, "1");
    let cut_off = ann.act(&id, "goto", json!({"url": site.url("/never"), "timeoutMs": 20000})).await;
    let cut_off = cut_off.expect_error(409, "session_inactive");
    assert_eq!((&cut_off["session"]["status"], &cut_off["outcome"]), (&json!("expired"), &json!("unknown")));
    assert_eq!(cut_off["session"]["closedAt"], cut_off["session"]["expiresAt"]);
    assert_eq!((&cut_off["session"]["durationSeconds"], &cut_off["session"]["billedCredits"]), (&json!(2), &json!(1)));
    assert_eq!(cut_off["session"]["actionBreakdown"]["goto"]["error"], 1);
    assert_eq!(server.folder().account("ann", "credits").await, "1");
    assert_eq!(server.folder().account("ann", "held").await, "0");
    server.stop().await;
}

#[tokio::test]
async fn a_close_ends_the_action_in_flight() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let waiting = ann.act(&id, "goto", json!({"url": site.url("/gates/never"), "timeoutMs": 20000}));
    let closing = async {
        site.gates().arrival("never").await;
        ann.close(&id).await
    };
    let (waited, closed) = tokio::join!(waiting, closing);
    let waited = waited.expect_error(409, "session_inactive");
    assert_eq!((waited.text("outcome"), &waited["session"]), ("unknown", &closed.expect(200)["session"]));
    assert_eq!(waited["session"]["actionBreakdown"]["goto"]["error"], 1, "it was under way: {}", waited.body);
    server.stop().await;
}

#[tokio::test]
async fn renewal_moves_the_deadline_up_to_the_maximum() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({"maxTtlSeconds": 5})).await;
    let path = format!("/v1/sessions/{id}/renew");
    let renewed = ann.post(&path, &json!({"maxTtlSeconds": 600})).await.expect(200);
    assert!((599..=600).contains(&renewed["expiresInSeconds"].as_u64().unwrap()), "{}", renewed.body);
    let beyond = ann.post(&path, &json!({"maxTtlSeconds": 901})).await.expect_error(400, "invalid_request");
    assert!(beyond["longestSeconds"].as_u64().unwrap() <= 900 && beyond["session"]["status"] == "active");
    ann.post(&path, &json!({})).await.expect(400);
    ann.post(&path, &json!({"maxTtlSeconds": 0})).await.expect(400);
    server.stop().await;
}

#[tokio::test]
async fn limits_lists_and_close_all() {
    let server = Server::start().await;
    let (ann, bob) = (server.user_with("ann", &["--max-sessions", "2"]).await, server.user("bob").await);
    let (one, two) = (ann.create(&json!({})).await, ann.create(&json!({})).await);
    let refused = ann.post("/v1/sessions", &json!({})).await.expect_error(429, "session_limit");
    assert_eq!((&refused["activeSessionCount"], &refused["maxConcurrentSessions"]), (&json!(2), &json!(2)));
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((290..=301).contains(&wait), "{wait}");
    let listed = ann.get("/v1/sessions").await.expect(200);
    assert_eq!(
        listed["sessions"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect::<Vec<_>>(),
        [json!(one), json!(two)]
    );
    for path in [format!("/v1/sessions/{one}"), format!("/v1/sessions/{one}/actions")] {
        let other = if path.ends_with("actions") {
            bob.post(&path, &json!({"type": "title"})).await
        } else {
            bob.get(&path).await
        };
        let unknown = bob.get("/v1/sessions/sess_00000000-0000-4000-8000-000000000000").await.expect(404);
        assert_eq!((other.status, &other["error"]), (404, &unknown["error"]), "another's session is like none");
    }
    bob.close(&one).await.expect(404);
    assert_eq!(ann.delete("/v1/sessions").await.expect(200)["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(ann.get("/v1/sessions").await["sessions"], json!([]));
    ann.create(&json!({})).await;
    server.stop().await;
}

#[tokio::test]
async fn a_drain_lets_live_sessions_work_refuses_new_ones_and_ends_the_rest() {
    let mut server = Server::start_with(&["--drain-seconds", "2"]).await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    processes::signal(server.pid(), Signal::TERM);
    until("readyz is red", Duration::from_secs(2), async || ann.get("/readyz").await.status == 503).await;
    assert_eq!(ann.get("/healthz").await.status, 200);
    ann.post("/v1/sessions", &json!({})).await.expect_error(503, "busy");
    ann.done(&id, "title", json!({})).await;
    let cut_off = ann.act(&id, "wait_for_selector", json!({"selector": "#never", "timeoutMs": 20000})).await;
    assert_eq!(cut_off.expect(409)["session"]["closeReason"], "shutdown");
    let children = processes::descendants(server.pid());
    assert!(server.terminate().await.success());
    capture_tests::server::assert_nothing_left(&children.into_iter().collect::<Vec<_>>(), &server.run_root()).await;
}

#[tokio::test]
async fn a_stopped_server_does_not_stretch_a_session_nor_its_price() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({"maxTtlSeconds": 2})).await;
    processes::signal(server.pid(), Signal::STOP);
    tokio::time::sleep(Duration::from_secs(5)).await;
    processes::signal(server.pid(), Signal::CONT);
    let last = ann.session(&id).await.expect(200);
    let session = &last["session"];
    assert_eq!(session["status"], "expired", "{session}");
    assert_eq!((&session["closedAt"], &session["durationSeconds"]), (&session["expiresAt"], &json!(2)), "{session}");
    assert_eq!(session["billedCredits"], 1);
    server.stop().await;
}

#[tokio::test]
async fn a_stepped_clock_neither_ends_a_session_nor_costs_a_credit() {
    let clock = WallClock::right();
    let server = Server::start_in(Folder::with_clock(&clock), &[]).await;
    let ann = server.user_with("ann", &["--credits", "10"]).await;
    for step in ["+3h", "-2d"] {
        let began = Instant::now();
        let id = ann.create(&json!({"maxTtlSeconds": 4})).await;
        clock.step(step);
        ann.done(&id, "title", json!({})).await;
        let reply = ann.session(&id).await;
        let left = reply["expiresInSeconds"].as_u64().unwrap();
        assert!((1..=4).contains(&left), "{step}: {}", reply.body);
        let over = async || ann.session(&id).await["session"]["status"] != "active";
        until("it expires in its own time", Duration::from_secs(6), over).await;
        assert!(began.elapsed() >= Duration::from_secs(4), "{step}: expired after {:?}", began.elapsed());
        let last = ann.session(&id).await["session"].clone();
        let bill = (&last["status"], &last["durationSeconds"], &last["billedCredits"]);
        assert_eq!(bill, (&json!("expired"), &json!(4), &json!(1)), "{step}");
    }
    server.stop().await;
}
