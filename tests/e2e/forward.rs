//! `capture forward`: a local port for tools that accept nothing but a host and a port.

use std::time::Duration;

use capture_tests::{Client, Server, Site, port::Port, server::program};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error as WsError, Message, client::IntoClientRequest},
};

/// The longest wait for a frame or an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The whole answer to a raw request.
async fn raw(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a command on a WebSocket of its own, and returns the answer.
async fn ask(url: &str, method: &str, params: Value) -> Value {
    let mut socket = connect_async(url).await.unwrap().0;
    let command = json!({"id": 1, "method": method, "params": params});
    socket.send(Message::text(command.to_string())).await.unwrap();
    let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("an answer").unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn a_port_shows_the_browser_of_a_session_without_any_token() {
    let (server, site) = (Server::start().await, Site::start().await);
    let user = server.user("ann").await;
    let id = user.create(&json!({"cdp": true})).await;
    let port = Port::open(server.base(), &user, &id).await;
    let tool = Client::new(&format!("http://{}", port.address()), "");

    let version = tool.get("/json/version").await.expect(200);
    let browser = format!("ws://{}/devtools/browser/{id}", port.address());
    assert_eq!(version.text("webSocketDebuggerUrl"), browser);
    for url in [&browser, &format!("ws://{}/devtools/browser", port.address())] {
        assert_eq!(ask(url, "Browser.getVersion", json!({})).await["result"]["product"], version["Browser"]);
    }
    let put = async |path: &str| tool.send(reqwest::Method::PUT, path, &[], None).await;
    let made = put(&format!("/json/new?{}", site.page("form"))).await.expect(200);
    let page = format!("ws://{}/devtools/page/{}", port.address(), made.text("id"));
    assert_eq!(made.text("webSocketDebuggerUrl"), page);
    assert_eq!(ask(&page, "Page.navigate", json!({"url": "file:///etc/passwd"})).await["error"]["code"], -32_000);
    let listed = tool.get("/json").await.expect(200);
    assert!(listed.body.as_array().unwrap().iter().any(|target| target["webSocketDebuggerUrl"] == page.as_str()));
    assert!(!listed.body.to_string().contains("token"), "{}", listed.body);
    tool.get(&format!("/json/close/{}", made.text("id"))).await.expect(200);
    tool.get("/json/close/0A").await.expect_error(404, "action_failed");
    assert_eq!(put("/json/new?file:///etc/passwd").await.expect(400)["reason"], "refused");
    assert!(tool.get("/json/protocol").await.expect(200)["domains"].is_array());
    tool.get("/v1/sessions").await.expect_error(404, "invalid_request");
    tool.get("/json/new").await.expect(405);

    let mut open = connect_async(&browser).await.unwrap().0;
    user.close(&id).await.expect(200);
    let last = tokio::time::timeout(PATIENCE, open.next()).await.expect("it is closed");
    let Some(Ok(Message::Close(Some(close)))) = last else { panic!("{last:?}") };
    assert_eq!(u16::from(close.code), 1001);
    let (ok, said) = port.ended().await;
    assert!(ok && said.contains(&id) && said.contains("has ended: closed"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn a_port_answers_no_page_and_no_other_name() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    let id = user.create(&json!({"cdp": true})).await;
    let port = Port::open(server.base(), &user, &id).await;
    let address = port.address();
    for head in [
        "Host: evil.test",
        "Host: localhost",
        "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1",
        "Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site",
        "Host: 127.0.0.1\r\nHost: 127.0.0.1",
    ] {
        let answer = raw(address, &format!("GET /json/version HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("\"hint\""), "{head}: {answer}");
    }
    let mut from_a_page = format!("ws://{address}/devtools/browser/{id}").into_client_request().unwrap();
    from_a_page.headers_mut().insert("origin", "http://evil.test".parse().unwrap());
    let Err(WsError::Http(refused)) = connect_async(from_a_page).await else { panic!("a page is let in") };
    assert_eq!(refused.status(), 403);
    let all = address.replace("127.0.0.1", "127.0.0.2");
    assert!(TcpStream::connect(all).await.is_err(), "it listens at one address only");
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_forwarded_is_told_at_once() {
    let server = Server::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let (with, without) = (ann.create(&json!({"cdp": true})).await, ann.create(&json!({})).await);
    let closed = ann.create(&json!({"cdp": true})).await;
    ann.close(&closed).await.expect(200);
    let nobody = "http://127.0.0.1:9";
    for (session, base, token, why) in [
        (&without, server.base(), ann.token(), "cdp"),
        (&closed, server.base(), ann.token(), "has ended: closed"),
        (&with, server.base(), bob.token(), "not found"),
        (&with, server.base(), "x", "capture: "),
        (&with, server.base(), "", "CAPTURE_TOKEN"),
        (&with, nobody, ann.token(), "cannot be reached"),
    ] {
        let mut command = program();
        command.args(["forward", session, "--server-url", base]).env("CAPTURE_TOKEN", token);
        let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(why), "{why}: {said}");
    }
    server.stop().await;
}
