//! The answers to refused requests.

use capture_core::{
    account::{AccountChange, AccountError, UserId},
    browser::simulated::Step,
    ledger::LedgerError,
};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;
use url::Url;

use super::*;
use crate::client_address::Peer;

const NOBODYS: &str = "/v1/sessions/sess_00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn no_credential_no_answer() {
    let edge = Edge::start().await;
    for (method, path) in [
        ("POST", "/v1/sessions"),
        ("GET", "/v1/sessions"),
        ("DELETE", "/v1/sessions"),
        ("GET", NOBODYS),
        ("DELETE", "/v1/sessions/x"),
        ("POST", &format!("{NOBODYS}/actions")),
        ("POST", &format!("{NOBODYS}/renew")),
    ] {
        for credential in [None, Some("ann:wrong"), Some("carl:ann-secret"), Some("bob:ann-secret")] {
            let ask = edge.ask(method, path).anonymous();
            let ask = credential.into_iter().fold(ask, Ask::bearer);
            let reply = ask.header("content-type", "application/json").body("{").send().await;
            let body = reply.assert_refused(401, "unauthorized");
            assert_eq!((reply.header("www-authenticate"), body.get("session")), ("Bearer", None), "{method} {path}");
        }
    }
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn repeated_failures_of_one_address_are_answered_slower() {
    let edge = Edge::start().await;
    let fail = async |last: u8| {
        let mut ask = edge.ask("GET", "/v1/sessions").anonymous();
        ask.request.extensions_mut().insert(Peer([10, 0, 0, last].into()));
        let began = tokio::time::Instant::now();
        let reply = ask.send().await;
        reply.assert_refused(401, "unauthorized");
        (began.elapsed().as_millis(), reply.header("retry-after").to_owned())
    };
    for _ in 0..3 {
        assert_eq!(fail(1).await, (0, String::new()));
    }
    for (millis, seconds) in [(100, "1"), (200, "1"), (400, "1"), (800, "1"), (1600, "2"), (2000, "2"), (2000, "2")] {
        assert_eq!(fail(1).await, (millis, seconds.to_owned()));
    }
    assert_eq!(fail(2).await.0, 0);
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn behind_a_trusted_proxy_the_failures_of_one_client_do_not_slow_down_another() {
    let trusted_proxies = "10.0.0.0/8".parse().unwrap();
    let settings = EdgeSettings { trusted_proxies, ..EdgeSettings::default() };
    let edge = Edge::with(Simulated::default(), Limits::default(), settings).await;
    let fail = async |peer: [u8; 4], client: &str| {
        let mut ask = edge.ask("GET", "/v1/sessions").anonymous().header("x-forwarded-for", client);
        ask.request.extensions_mut().insert(Peer(peer.into()));
        let began = tokio::time::Instant::now();
        ask.send().await.assert_refused(401, "unauthorized");
        began.elapsed().as_millis()
    };
    let proxy = [10, 0, 0, 1];
    for expected in [0, 0, 0, 100] {
        assert_eq!(fail(proxy, "2001:db8::1").await, expected);
    }
    assert_eq!(fail(proxy, "2001:db8::2").await, 200, "the same network");
    assert_eq!(fail(proxy, "203.0.113.7").await, 0, "another client");
    assert_eq!(fail(proxy, "203.0.113.8, 2001:db8::1").await, 400, "what a client makes up is not read");
    for expected in [0, 0, 0, 100] {
        assert_eq!(fail([198, 51, 100, 1], "203.0.113.9").await, expected, "not a proxy, so its own address counts");
    }
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_of_someone_else_is_one_that_never_was() {
    let edge = Edge::start().await;
    let id = edge.session().await;
    let mut bodies = Vec::new();
    for id in [id.as_str(), "sess_00000000-0000-4000-8000-000000000000", "x", "..%2f", "%00", "%ff", &id.to_uppercase()]
    {
        for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/actions"), ("POST", "/renew")] {
            let ask = edge.ask(method, &format!("/v1/sessions/{id}{rest}")).bearer("bob:bob-secret");
            let mut body = ask.body("not even JSON").send().await.assert_refused(404, "session_not_found");
            body["requestId"].take();
            bodies.push(body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_answers_with_its_end_before_its_body_is_judged() {
    let edge = Edge::start().await;
    let id = edge.session().await;
    let path = format!("/v1/sessions/{id}");
    let closed = edge.ask("DELETE", &path).send().await.json();
    for rest in ["/actions", "/renew"] {
        for body in ["", "{", "{\"type\":\"title\"}"] {
            let reply = edge.ask("POST", &format!("{path}{rest}")).body(body).send().await;
            let reply = reply.assert_refused(409, "session_inactive");
            assert_eq!((&reply["session"], &reply["expiresInSeconds"]), (&closed["session"], &json!(0)));
        }
    }
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn every_error_about_a_session_carries_it() {
    let failing = Simulated::scripted(|action| match action.action_type().to_string().as_str() {
        "title" => Step::Fail(Duration::from_secs(1), "no title today".to_owned()),
        "url" => Step::Hang,
        _ => Step::Die(Duration::ZERO),
    });
    let edge = Edge::with(failing, Limits::default(), EdgeSettings::default()).await;
    let id = edge.session().await;
    let path = format!("/v1/sessions/{id}");

    let failed = edge.act(&id, title()).await.assert_refused(400, "action_failed");
    assert_eq!((&failed["error"], &failed["expiresInSeconds"]), (&json!("no title today"), &json!(299)));
    assert_eq!(failed["session"]["actionErrorCount"], 1);

    let late = edge.act(&id, json!({"type": "url"})).await.assert_refused(504, "action_timeout");
    assert_eq!((&late["retryable"], &late["outcome"]), (&json!(true), &json!("unknown")));
    assert_eq!(late["session"]["actionErrorCount"], 2);

    let beyond = edge.ask("POST", &format!("{path}/renew")).json(&json!({"maxTtlSeconds": 900})).send().await;
    assert_eq!(beyond.assert_refused(400, "invalid_request")["session"]["id"], json!(id));
    for body in [json!({}), json!({"maxTtlSeconds": 0}), json!({"maxTtlSeconds": 9, "x": 1}), json!([])] {
        let reply = edge.ask("POST", &format!("{path}/renew")).json(&body).send().await;
        assert!(reply.assert_refused(400, "invalid_request")["expiresInSeconds"].is_u64(), "{body}");
    }

    let dead = edge.act(&id, json!({"type": "content"})).await.assert_refused(409, "session_inactive");
    assert_eq!((&dead["session"]["closeReason"], &dead["expiresInSeconds"]), (&json!("browser_crashed"), &json!(0)));
    assert_eq!(dead["outcome"], "unknown");
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn creates_are_refused_as_the_contract_says() {
    let backend = Simulated::default();
    let edge = Edge::with(backend.clone(), Limits::default(), EdgeSettings::default()).await;
    let create = async |options: Value| edge.ask("POST", "/v1/sessions").json(&options).send().await;
    let change = async |change| edge.ledger.change("ann".parse().unwrap(), change).await.map(drop).unwrap();

    let both = create(json!({"cdp": true, "bypassBotDetection": true})).await.assert_refused(400, "invalid_request");
    assert_eq!(both["error"], "cdp cannot be combined with bypassBotDetection");
    assert!(
        create(json!({"stealth": 1})).await.assert_refused(400, "invalid_request")["error"]
            .as_str()
            .unwrap()
            .contains("stealth")
    );
    create(json!([1])).await.assert_refused(400, "invalid_request");
    create(json!({"proxy": true})).await.assert_refused(400, "invalid_request");
    create(json!({"bypassBotDetection": true})).await.assert_refused(503, "unavailable");

    change(AccountChange::SetCredits(Some(2))).await;
    let poor = create(json!({"maxTtlSeconds": 300})).await.assert_refused(403, "forbidden");
    assert_eq!((&poor["neededCredits"], &poor["availableCredits"]), (&json!(5), &json!(2)));
    change(AccountChange::SetCredits(None)).await;

    backend.fail_opens(Some("it is broken"));
    create(json!({})).await.assert_refused(503, "unavailable");
    backend.fail_opens(None);

    for _ in 0..5 {
        edge.session().await;
    }
    let reply = create(json!({})).await;
    let full = reply.assert_refused(429, "session_limit");
    assert_eq!((&full["activeSessionCount"], &full["maxConcurrentSessions"]), (&json!(5), &json!(5)));
    assert!((300..=301).contains(&reply.header("retry-after").parse::<u32>().unwrap()));

    change(AccountChange::Disable).await;
    create(json!({})).await.assert_refused(403, "forbidden");
    assert_eq!(edge.ask("GET", "/v1/sessions").send().await.status, 200);
    edge.stop().await;
}

#[tokio::test]
async fn other_methods_and_other_paths() {
    let edge = Edge::start().await;
    for (method, path, allow) in [
        ("PUT", "/v1/sessions", "POST,GET,HEAD,DELETE"),
        ("OPTIONS", "/v1/sessions", "POST,GET,HEAD,DELETE"),
        ("POST", NOBODYS, "GET,HEAD,DELETE"),
        ("GET", &format!("{NOBODYS}/actions"), "POST"),
        ("HEAD", &format!("{NOBODYS}/actions"), "POST"),
        ("POST", "/healthz", "GET,HEAD"),
        ("BREW", "/screenshot/devices", "GET,HEAD"),
    ] {
        let reply = edge.ask(method, path).anonymous().send().await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, allow), "{method} {path}");
        if method != "HEAD" {
            reply.assert_refused(405, "invalid_request");
        }
    }
    for path in [
        "/demo",
        "/v1",
        "/v1/sessions/",
        "/v1//sessions",
        "/V1/sessions",
        &format!("{NOBODYS}/actions/"),
        "/v1/sessions/a/b/c",
    ] {
        edge.ask("GET", path).send().await.assert_refused(404, "invalid_request");
    }
    edge.stop().await;
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let edge = Edge::start().await;
    let id = edge.session().await;
    let path = format!("/v1/sessions/{id}");
    let (get, head) = (edge.ask("GET", &path).send().await, edge.ask("HEAD", &path).send().await);
    assert_eq!((head.status, head.header("content-length")), (get.status, get.header("content-length")));
    assert!(head.body.is_empty());
    edge.stop().await;
}

#[tokio::test]
async fn the_clients_request_id_comes_back() {
    let edge = Edge::start().await;
    let reply = edge.ask("GET", NOBODYS).header("x-request-id", "mine-1").send().await;
    assert_eq!(reply.assert_refused(404, "session_not_found")["requestId"], "mine-1");
    edge.stop().await;
}

#[tokio::test]
async fn a_local_server_answers_only_to_its_own_names() {
    let public_url = Some(Url::parse("https://capture.example.org").unwrap());
    let edge = Edge::with(
        Simulated::default(),
        Limits::default(),
        EdgeSettings { public_url, local_only: true, ..EdgeSettings::default() },
    )
    .await;
    for (host, status) in
        [("localhost:8080", 200), ("127.0.0.1", 200), ("capture.example.org", 200), ("evil.test", 403)]
    {
        let reply = edge.ask("GET", "/v1/sessions").header("host", host).send().await;
        assert_eq!(reply.status.as_u16(), status, "{host}");
    }
    let body = edge
        .ask("GET", "/healthz")
        .anonymous()
        .header("host", "evil.test")
        .send()
        .await
        .assert_refused(403, "forbidden");
    assert_eq!(body["reason"], "host_not_allowed");
    edge.stop().await;
}

/// Accounts that cannot be read.
#[derive(Debug)]
struct Broken {
    panics: bool,
}

impl Accounts for Broken {
    fn account<'a>(&'a self, _: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>> {
        assert!(!self.panics, "the ledger is on fire");
        std::future::ready(Err(LedgerError::new("read an account", "disk on fire"))).boxed()
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    fn add(&self, _: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        std::future::ready(Ok(())).boxed()
    }

    fn change(&self, id: UserId, _: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>> {
        std::future::ready(Err(AccountError::Unknown(id))).boxed()
    }
}

#[tokio::test]
async fn defects_and_outages_are_answered_without_their_cause() {
    let mut edge = Edge::start().await;
    for (panics, status, code) in [(true, 500, "internal"), (false, 503, "unavailable")] {
        let app = App::new(&edge.engine, Arc::new(Broken { panics }), None, EdgeSettings::default()).unwrap();
        edge.router = router(Arc::new(app));
        let reply = edge.ask("GET", "/v1/sessions").send().await;
        reply.assert_refused(status, code);
        assert!(!String::from_utf8_lossy(&reply.body).contains("fire"), "{reply:?}");
    }
    edge.stop().await;
}
