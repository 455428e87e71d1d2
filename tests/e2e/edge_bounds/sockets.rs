//! CDP clients that begin frames without ending them, and that do not read the answers to their commands.

use std::time::Duration;

use capture_tests::{
    Client, Server,
    raw::{TEXT, claim},
    server::Folder,
    until,
};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::{KEPT, assert_memory_is_back, assert_served, from_elsewhere, memory};

/// The largest frame in bytes, and the size of the frames that attackers begin.
const FRAME: u64 = 100 << 20;
const SENT: usize = 60 << 20;

/// The `connectUrl` of a new session, as path and query.
async fn way_in(client: &Client) -> (String, String) {
    let created = client.post("/v1/sessions", &json!({"cdp": true})).await.expect(201);
    let url = created["session"]["connectUrl"].as_str().unwrap();
    let path = url.split_once("/cdp").map(|(_, query)| format!("/cdp{query}")).unwrap();
    (created["session"]["id"].as_str().unwrap().to_owned(), path)
}

/// A connection after its upgrade.
async fn upgraded(server: &Server, path: &str) -> TcpStream {
    let mut stream = from_elsewhere(server).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    stream
}

#[tokio::test]
async fn frames_that_are_begun_and_not_ended_are_bounded_together_and_in_time() {
    let server = Server::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let other = bob.create(&json!({})).await;
    let (_, path) = way_in(&ann).await;
    let before = memory(&server);
    let piece = vec![b' '; 1 << 20];
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut stream = upgraded(&server, &path).await;
        let _ = stream.write_all(&claim(TEXT, FRAME)).await;
        for _ in 0..SENT >> 20 {
            // A connection that exceeds its user's share is closed while it sends.
            if !matches!(timeout(Duration::from_secs(5), stream.write_all(&piece)).await, Ok(Ok(()))) {
                break;
            }
        }
        clients.push(stream);
    }
    let held = memory(&server).saturating_sub(before);
    assert!(held < 256 << 20, "six clients hold {} MiB of frames that are not whole", held >> 20);
    assert_served(&server, &bob, &other).await;
    // Stalled messages are given up after 10 s.
    assert_memory_is_back(&server, before + KEPT, Duration::from_secs(25)).await;
    server.stop().await;
}

/// A client that sends and reads only when the test requests it.
struct Devtools {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    page: String,
}

impl Devtools {
    /// Attaches a client to the session's page.
    async fn attached(url: &str) -> Self {
        let (socket, _) = connect_async(url).await.unwrap();
        let mut client = Self { socket, page: String::new() };
        let targets = client.ask(json!({"id": 1, "method": "Target.getTargets"})).await;
        let is_page = |target: &&Value| target["type"] == "page";
        let page = targets["targetInfos"].as_array().unwrap().iter().find(is_page).unwrap()["targetId"].clone();
        let attach = json!({"id": 2, "method": "Target.attachToTarget", "params": {"targetId": page, "flatten": true}});
        let attached = client.ask(attach).await;
        attached["sessionId"].as_str().unwrap().clone_into(&mut client.page);
        client
    }

    async fn say(&mut self, command: &Value) {
        self.socket.send(Message::text(command.to_string())).await.unwrap();
    }

    /// The result of a command; other frames are skipped.
    async fn ask(&mut self, command: Value) -> Value {
        self.say(&command).await;
        loop {
            let told = timeout(Duration::from_secs(30), self.socket.next()).await.expect("an answer");
            let told: Value = serde_json::from_str(told.unwrap().unwrap().to_text().unwrap()).unwrap();
            if told["id"] == command["id"] {
                return told["result"].clone();
            }
        }
    }

    fn evaluate(&self, id: u64, expression: &str) -> Value {
        json!({"id": id, "method": "Runtime.evaluate", "sessionId": self.page,
            "params": {"expression": expression, "returnByValue": true}})
    }
}

#[tokio::test]
async fn what_cdp_clients_do_not_read_is_bounded_together_and_let_go_of_with_the_session() {
    let server = Server::start_in(Folder::logged(), &[]).await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let other = bob.create(&json!({})).await;
    do_not_read(&server, &ann, 1).await;
    assert_served(&server, &bob, &other).await;
    // glibc keeps freed memory for later use. Memory that leaks is visible in the second round, on top of what is kept
    // now.
    let kept = memory(&server).max(KEPT);
    do_not_read(&server, &ann, 2).await;
    assert_memory_is_back(&server, kept + KEPT, Duration::from_secs(15)).await;
    server.stop().await;
}

/// Four clients of one session let 42 MB each wait. The round ends the session once one of the clients has been closed
/// because of that.
async fn do_not_read(server: &Server, ann: &Client, round: usize) {
    let (id, path) = way_in(ann).await;
    let url = format!("ws://{}{path}", server.address());
    let mut reading = Devtools::attached(&url).await;
    let before = memory(server);
    let mut silent = Vec::new();
    for _ in 0..4 {
        let mut client = Devtools::attached(&url).await;
        for number in 10..13 {
            client.say(&client.evaluate(number, "'x'.repeat(14e6)")).await;
        }
        silent.push(client);
    }
    // This is answered after all the others.
    assert_eq!(reading.ask(reading.evaluate(9, "1 + 1")).await["result"]["value"], 2, "one that reads goes on");
    let closed = || server.folder().log().matches("a client holds too many bytes and is closed").count();
    until("the largest client gives way", Duration::from_secs(60), async || closed() >= round).await;
    assert!(round > 1 || memory(server) > before + (60 << 20), "the others hold much");
    ann.delete(&format!("/v1/sessions/{id}")).await.expect(200);
}
