//! Malformed bodies, and answers that arrive although the body was not read.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::*;
use crate::client_address::TrustedProxies;

#[tokio::test(start_paused = true)]
async fn whatever_is_posted_the_answer_is_400_with_the_session() {
    let edge = Edge::start().await;
    let id = edge.session().await;
    let actions = format!("/v1/sessions/{id}/actions");
    let deep = "[".repeat(100_000);
    let large = "x".repeat(2 * 1024 * 1024);
    for (content_type, body) in [
        ("application/json", &b""[..]),
        ("application/json", b"{"),
        ("application/json", b"null"),
        ("application/json", b"[1]"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"{\"type\":\"title\",\"type\":\"url\"}"),
        ("application/json", b"{\"type\":\"title\",\"payload\":1e400}"),
        ("application/json", b"{\"type\":\"title\",\"__proto__\":{}}"),
        ("application/json", deep.as_bytes()),
        ("application/json", large.as_bytes()),
        ("text/plain", b"{\"type\":\"title\"}"),
        ("application/x-www-form-urlencoded", b"type=title"),
    ] {
        let reply = edge.ask("POST", &actions).header("content-type", content_type).body(body.to_vec()).send().await;
        let reply = reply.assert_refused(400, "invalid_request");
        assert_eq!((&reply["session"]["id"], &reply["expiresInSeconds"]), (&json!(id), &json!(300)));
        assert_eq!(reply["session"]["actionCount"], 0, "a refused request is no attempt");
        if !body.is_empty() {
            let create = edge.ask("POST", "/v1/sessions").header("content-type", content_type).body(body.to_vec());
            assert_eq!(create.send().await.assert_refused(400, "invalid_request").get("session"), None);
        }
    }
    edge.stop().await;
}

/// PHP writes an object without fields as an empty list.
#[tokio::test(start_paused = true)]
async fn an_empty_list_is_an_object_without_fields() {
    let edge = Edge::start().await;
    let created = edge.ask("POST", "/v1/sessions").json(&json!([])).send().await.json();
    assert_eq!(created["session"]["maxTtlSeconds"], 300, "{created}");
    let id = created["session"]["id"].as_str().unwrap();
    let titled = edge.act(id, json!({"type": "title", "payload": []})).await.json();
    assert_eq!(titled["success"], true, "{titled}");
    edge.act(id, json!({"type": "title", "payload": [1]})).await.assert_refused(400, "invalid_request");
    edge.act(id, json!([])).await.assert_refused(400, "invalid_request");
    edge.stop().await;
}

#[tokio::test(start_paused = true)]
async fn position_type_and_key_are_named() {
    let edge = Edge::start().await;
    let id = edge.session().await;
    let actions = format!("/v1/sessions/{id}/actions");
    for (content_type, key, body, named) in [
        ("application/json", "k", "{\"type\":}", "line 1 column 9"),
        ("text/plain", "k", "{}", "Content-Type"),
        ("application/json", "a b", "{}", "Idempotency-Key"),
        ("application/json", "k", "{\"type\":\"jump\"}", "screenshot"),
        ("application/json", "k", "", "a JSON body is required"),
    ] {
        let ask = edge.ask("POST", &actions).header("content-type", content_type).header("idempotency-key", key);
        let reply = ask.body(body).send().await.assert_refused(400, "invalid_request");
        assert!(reply["error"].as_str().unwrap().contains(named), "{reply}");
    }
    edge.stop().await;
}

/// Over a real socket: a client that writes a large body without looking for an answer still receives it.
#[tokio::test]
async fn an_answer_before_the_end_of_a_body_arrives() {
    let edge = Edge::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = crate::server::serve(
        listener,
        edge.router.clone(),
        TrustedProxies::default(),
        async { drop(stopped.await) },
        Duration::from_secs(5),
    );
    let client = async {
        let token = STANDARD.encode("ann:ann-secret");
        for (authorization, path, status) in [
            (format!("authorization: Bearer {token}\r\n"), "/v1/sessions", "400 Bad Request"),
            (String::new(), "/v1/sessions", "401 Unauthorized"),
            (String::new(), "/nowhere", "404 Not Found"),
        ] {
            for length in [2, 5] {
                let length = length * 1024 * 1024;
                let mut stream = TcpStream::connect(address).await.unwrap();
                let head =
                    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}content-length: {length}\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(b"content-type: application/json\r\nconnection: close\r\n\r\n").await.unwrap();
                stream.write_all(&vec![b' '; length]).await.unwrap();
                let mut reply = String::new();
                stream.read_to_string(&mut reply).await.unwrap();
                assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
                assert!(reply.contains("\"success\":false"), "{reply}");
            }
        }
        assert_not_asked(address).await;
        stop.send(()).unwrap();
    };
    tokio::join!(client, server);
    edge.stop().await;
}

/// A client that waits for `100 Continue` receives the refusal instead, and then the end of the connection.
async fn assert_not_asked(address: std::net::SocketAddr) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head =
        "POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 5000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = String::new();
    let whole = tokio::time::timeout(Duration::from_secs(1), stream.read_to_string(&mut reply)).await;
    assert!(whole.is_ok() && reply.starts_with("HTTP/1.1 401"), "{reply}");
}
