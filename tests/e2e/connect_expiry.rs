//! Around the end of a session, connecting is refused before the upgrade, and every connection that was upgraded is
//! served or closed with the code of the end.

use std::time::Duration;

use capture_core::clock::{Clock, Timestamp};
use capture_tests::{Client, Redis, Server, long};
use futures::{SinkExt, StreamExt, future::join_all};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error as WsError, Message, client::IntoClientRequest},
};

/// Clients keep connecting until this long after the end.
const AFTER: Duration = Duration::from_millis(1_500);
/// Clients that connect concurrently: with more, a session would refuse some for their number.
const AT_ONCE: usize = 8;
/// The longest wait for a frame.
const PATIENCE: Duration = Duration::from_secs(20);

/// The result of one attempt to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// Upgraded, and its command was answered.
    Served,
    /// Upgraded, and closed with this code because the session ended in between.
    Closed(u16),
    /// Refused before the upgrade, with this status.
    Refused(u16),
}

/// Connects once with a bearer token, and requests the browser's version.
async fn connect(url: &str, token: &str) -> Met {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let mut socket = match connect_async(request).await {
        Ok((socket, _)) => socket,
        Err(WsError::Http(refused)) => {
            let body: Value = serde_json::from_slice(refused.body().as_deref().unwrap_or_default()).unwrap();
            assert!(body["code"].is_string() && body["hint"].is_string(), "{body}");
            assert_eq!(body["session"]["status"] == "active", refused.status() != 409, "{body}");
            return Met::Refused(refused.status().as_u16());
        }
        Err(other) => panic!("{other}"),
    };
    // A closed connection is reported below.
    let _ = socket.send(Message::text(r#"{"id": 1, "method": "Browser.getVersion"}"#)).await;
    match tokio::time::timeout(PATIENCE, socket.next()).await.expect("an answer or a close") {
        Some(Ok(Message::Text(_))) => Met::Served,
        Some(Ok(Message::Close(Some(close)))) => Met::Closed(close.code.into()),
        other => panic!("neither an answer nor a close: {other:?}"),
    }
}

/// Connects repeatedly until `AFTER` past the end. Returns each result with the time at which the attempt began.
async fn try_on(url: &str, token: &str, ends: i64, clock: Clock) -> Vec<(i64, Met)> {
    let mut met = Vec::new();
    while clock.now().0 < ends + i64::try_from(AFTER.as_millis()).unwrap() {
        let began = clock.now().0;
        met.push((began, connect(url, token).await));
    }
    met
}

/// Lets many clients connect while the session ends at `ends`, in milliseconds since 1970, and judges the results.
async fn none_comes_too_late(user: &Client, address: &str, id: &str, ends: i64) -> String {
    let clock = Clock::start();
    let listed = user.get(&format!("/json/list?sessionId={id}")).await.expect(200);
    let page = listed.body[0]["id"].as_str().unwrap();
    let urls = [
        format!("ws://{address}/cdp?sessionId={id}"),
        format!("ws://{address}/devtools/page/{page}?sessionId={id}"),
        format!("ws://{address}/devtools/browser/{id}?sessionId={id}"),
    ];
    let tries = (0..AT_ONCE).map(|at| try_on(&urls[at % urls.len()], user.token(), ends, clock));
    let met: Vec<(i64, Met)> = join_all(tries).await.into_iter().flatten().collect();
    for (began, met) in &met {
        match met {
            Met::Served => assert!(*began < ends, "served {} ms after the end", began - ends),
            Met::Closed(code) => assert!(*code == 1001 && *began < ends, "{code} {} ms after the end", began - ends),
            Met::Refused(status) => assert!(*status == 409 && *began > ends - 1_000, "{status} {}", began - ends),
        }
    }
    let count = |wanted: fn(&Met) -> bool| met.iter().filter(|(_, met)| wanted(met)).count();
    let (served, refused) = (count(|met| *met == Met::Served), count(|met| matches!(met, Met::Refused(_))));
    assert!(served > 0 && refused > 0);
    for path in ["/json/version", "/json/list", "/devtools/page/0A"] {
        let url = format!("{path}?sessionId={id}");
        let reply = user.get(&url).await;
        assert!(reply.status == 409 || path.starts_with("/devtools"), "{path}: {}", reply.body);
    }
    format!("{} connects: {served} served, {refused} refused, the others closed 1001", met.len())
}

async fn expires(user: &Client, address: &str) -> String {
    let created = user.post("/v1/sessions", &json!({"cdp": true, "maxTtlSeconds": 3})).await.expect(201);
    let id = created["session"]["id"].as_str().unwrap().to_owned();
    let view = user.session(&id).await.expect(200);
    let ends: Timestamp = serde_json::from_value(view["session"]["expiresAt"].clone()).unwrap();
    none_comes_too_late(user, address, &id, ends.0).await
}

#[tokio::test]
async fn nobody_is_let_in_once_the_time_of_a_session_is_up() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    for _ in 0..if long() { 50 } else { 2 } {
        println!("{}", expires(&user, server.address()).await);
    }
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_let_in_through_another_instance_either() {
    let redis = Redis::start().await;
    let url = redis.url();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (listen, advertise) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let owner = Server::start_with(&["--redis-url", &url, "--listen", &listen, "--advertise-url", &advertise]).await;
    let gateway = Server::start_with(&["--redis-url", &url, "--max-sessions", "0"]).await;
    let user = gateway.user_with("ann", &["--redis-url", &url]).await;
    for _ in 0..if long() { 20 } else { 1 } {
        println!("{}", expires(&user, gateway.address()).await);
    }
    gateway.stop().await;
    owner.stop().await;
}

#[tokio::test]
async fn nobody_is_let_in_once_a_session_is_closed() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    for _ in 0..if long() { 50 } else { 3 } {
        let id = user.create(&json!({"cdp": true})).await;
        let clock = Clock::start();
        let url = format!("ws://{}/cdp?sessionId={id}", server.address());
        let ends = clock.now().0 + 500;
        let tries = (0..AT_ONCE).map(|_| try_on(&url, user.token(), ends, clock));
        let closing = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            user.close(&id).await.expect(200);
            clock.now().0
        };
        let (met, closed) = tokio::join!(join_all(tries), closing);
        for (began, met) in met.into_iter().flatten() {
            let fits = match met {
                Met::Served | Met::Closed(1001) => began < closed,
                Met::Refused(409) => true,
                Met::Closed(_) | Met::Refused(_) => false,
            };
            assert!(fits, "{met:?} {} ms after the end", began - closed);
        }
    }
    server.stop().await;
}
