//! What a `connectUrl` grants: how many clients may use it, and that it appears in no log.

use std::time::Duration;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use capture_core::clock::Clock;
use capture_tests::{
    Channel, Server,
    channel::Connect,
    server::{Folder, token_in},
    until,
};
use capture_ws::codec::Codec;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error as WsError, Message, client::IntoClientRequest},
};

/// Clients that one session admits, as documented in docs/cdp.md.
const CLIENTS: usize = 16;

#[tokio::test]
async fn a_session_takes_sixteen_clients_and_tells_the_next_one_so() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    let created = user.post("/v1/sessions", &json!({"cdp": true})).await.expect(201);
    let url = created["session"]["connectUrl"].as_str().unwrap();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(connect_async(url).await.unwrap().0);
    }
    let Err(WsError::Http(refused)) = connect_async(url).await else { panic!("one more is let in") };
    let status = refused.status().as_u16();
    let told: Value = serde_json::from_slice(refused.body().as_deref().unwrap_or_default()).unwrap_or_default();
    assert_eq!((status, &told["reason"], &told["outcome"]), (400, &json!("too_many_clients"), &json!("not_executed")));
    for client in &mut clients {
        client.send(Message::text(r#"{"id": 1, "method": "Browser.getVersion"}"#)).await.unwrap();
        assert!(client.next().await.unwrap().unwrap().to_text().unwrap().contains("protocolVersion"));
    }
    clients.pop();
    until("its place is free", Duration::from_secs(5), async || connect_async(url).await.is_ok()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_channel_is_told_where_to_connect_unless_it_may_only_look() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    let mut channel = Channel::open(server.address(), user.token(), Codec::Json).await;
    let created = channel.request("session.create", "", json!({"cdp": true})).await;
    let id = created["session"]["id"].as_str().unwrap().to_owned();
    let read = channel.request("session.get", &id, json!({})).await;
    for told in [&created, &read] {
        let mut client = connect_async(told["session"]["connectUrl"].as_str().unwrap()).await.unwrap().0;
        client.send(Message::text(r#"{"id": 1, "method": "Browser.getVersion"}"#)).await.unwrap();
        assert!(client.next().await.unwrap().unwrap().to_text().unwrap().contains("protocolVersion"));
    }
    let limited = json!({"sessionId": id, "mode": "observe"});
    let ticket = user.post("/v1/stream/tickets", &limited).await.expect(200).text("ticket").to_owned();
    let connect = Connect { address: server.address(), token: "", protocols: "capture.v1.json", origin: None };
    let (socket, codec) = connect.try_open().await.unwrap();
    let mut observer = Channel::over(socket, codec);
    observer.request("connection.hello", "", json!({"ticket": ticket})).await;
    let looked_at = observer.request("session.get", &id, json!({})).await;
    assert_eq!((&looked_at["session"]["id"], &looked_at["session"]["connectUrl"]), (&json!(id), &Value::Null));
    let plain = channel.request("session.create", "", json!({})).await;
    assert_eq!(plain["session"]["connectUrl"], Value::Null);
    server.stop().await;
}

/// Seconds for which the token in a `connectUrl` still opens its session.
fn seconds_left(url: &str) -> i64 {
    let payload = url.split_once("token=v1.").unwrap().1.split('.').next().unwrap();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let expires: i64 = payload.split(' ').nth(1).unwrap().parse().unwrap();
    (expires - Clock::start().now().0) / 1000
}

#[tokio::test]
async fn a_connect_url_lasts_as_long_as_its_create_asked_for() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    for (asked, told, lasts) in [
        (json!({"cdp": true}), Value::Null, 290..=300),
        (json!({"cdp": true, "connectTtlSeconds": 800}), json!(800), 790..=800),
        (json!({"cdp": true, "connectTtlSeconds": 1_000_000}), json!(900), 890..=900),
    ] {
        let created = user.post("/v1/sessions", &asked).await.expect(201);
        let read = user.session(created["session"]["id"].as_str().unwrap()).await.expect(200);
        assert_eq!(
            (&created["session"]["connectTtlSeconds"], &read["session"]["options"]["connectTtlSeconds"]),
            (&told, &told)
        );
        for url in [&created["session"]["connectUrl"], &read["session"]["connectUrl"]] {
            assert!(lasts.contains(&seconds_left(url.as_str().unwrap())), "{asked}");
        }
        user.delete(&format!("/v1/sessions/{}", read["session"]["id"].as_str().unwrap())).await;
    }
    let short = user.post("/v1/sessions", &json!({"cdp": true, "connectTtlSeconds": 1})).await.expect(201);
    let url = short["session"]["connectUrl"].as_str().unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let Err(WsError::Http(late)) = connect_async(url).await else { panic!("an expired token is let in") };
    let told: Value = serde_json::from_slice(late.body().as_deref().unwrap_or_default()).unwrap();
    assert_eq!((late.status().as_u16(), &told["reason"]), (401, &json!("token_expired")));
    let refused = user.post("/v1/sessions", &json!({"connectTtlSeconds": 60})).await;
    assert!(refused.expect(400).text("error").contains("cdp"));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_can_send_a_header_names_its_session() {
    let server = Server::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let id = ann.create(&json!({"cdp": true})).await;
    let second = token_in(&server.folder().capture(&["user", "secret", "ann", "add"]).await.1);
    let connect = async |bearer: Option<&str>, query: String| {
        let mut request = format!("ws://{}/cdp?{query}", server.address()).into_client_request().unwrap();
        if let Some(bearer) = bearer {
            request.headers_mut().insert("authorization", format!("Bearer {bearer}").parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(WsError::Http(refused)) => Err(refused.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    };
    let named = || format!("sessionId={id}");
    let mut client = connect(Some(&second), named()).await.unwrap();
    client.send(Message::text(r#"{"id": 1, "method": "Browser.getVersion"}"#)).await.unwrap();
    assert!(client.next().await.unwrap().unwrap().to_text().unwrap().contains("protocolVersion"));
    for (bearer, query, status) in [
        (None, named(), 401),
        (Some("bm9ib2R5OnNlYw"), named(), 401),
        (Some(bob.token()), named(), 404),
        (Some(ann.token()), "sessionId=sess_x".to_owned(), 404),
        (Some(ann.token()), named() + "&token=v1.x.y", 400),
    ] {
        assert_eq!(connect(bearer, query.clone()).await.err(), Some(status), "{query}");
    }
    let found = server.client(&second).get(&format!("/json/version?{}", named())).await.expect(200);
    assert!(connect_async(found["webSocketDebuggerUrl"].as_str().unwrap()).await.is_ok());

    let bearer = String::from_utf8(STANDARD.decode(&second).unwrap()).unwrap();
    let secret = bearer.split_once(':').unwrap().1;
    assert!(server.folder().capture(&["user", "secret", "ann", "revoke", secret]).await.0);
    let over = async || connect(Some(&second), named()).await.err() == Some(401);
    until("the way in ends with the secret", Duration::from_secs(5), over).await;
    server.stop().await;
}

#[tokio::test]
async fn the_finest_log_tells_no_token_no_ticket_and_no_connect_url() {
    let server = Server::start_in(Folder::logged(), &["--log-level", "trace"]).await;
    let user = server.user("ann").await;
    let secret = token_in(&server.folder().capture(&["user", "secret", "ann", "add"]).await.1);
    let created = server.client(&secret).post("/v1/sessions", &json!({"cdp": true})).await.expect(201);
    let url = created["session"]["connectUrl"].as_str().unwrap();
    let (_, connect_token) = url.split_once("token=").unwrap();

    let mut browser = connect_async(url).await.unwrap().0;
    browser.send(Message::text(r#"{"id": 1, "method": "Browser.getVersion"}"#)).await.unwrap();
    browser.next().await.unwrap().unwrap();
    user.get(&format!("/json/version?token={connect_token}")).await.expect(200);
    user.get(&format!("/cdp?token={connect_token}")).await; // a plain request without an upgrade
    user.get(&format!("/cdp?token={connect_token}x")).await.expect_error(401, "unauthorized");

    let ticket = user.post("/v1/stream/tickets", &json!({})).await.expect(200).text("ticket").to_owned();
    for _works_once in 0..2 {
        let connect = Connect { address: server.address(), token: "", protocols: "capture.v1.json", origin: None };
        let (socket, codec) = connect.try_open().await.unwrap();
        let mut channel = Channel::over(socket, codec);
        channel.send("connection.hello", "", "", json!({"ticket": ticket})).await;
        channel.next_frame().await;
    }
    let wrong = format!("{}AAAA", user.token());
    server.client(&wrong).get("/v1/sessions").await.expect_error(401, "unauthorized");
    user.get(&format!("/v1/sessions/{}", user.token())).await;

    let log = server.folder().log();
    assert!(log.contains("TRACE") && log.contains("session started"), "{log}");
    for (what, told) in [("token", user.token()), ("token", &secret), ("ticket", &ticket), ("way in", connect_token)] {
        let line = log.lines().find(|line| line.contains(told));
        assert_eq!(line, None, "a {what} is in the log");
    }
    server.stop().await;
}
