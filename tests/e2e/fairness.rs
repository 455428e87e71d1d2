//! Shared resources are divided fairly: one user takes as much as possible, and another user's create, ticket, retry
//! and channel still work.

use std::time::Duration;

use capture_tests::{Channel, Client, Redis, Server, client::Reply, server::Folder, until};
use capture_ws::codec::Codec;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::client::IntoClientRequest};

/// Concurrent requests of a greedy user.
const AT_ONCE: usize = 24;
/// The limit in docs/limits.md.
const TICKETS_OF_USER: usize = 1_000;
const STRANGERS_PER_ADDRESS: usize = 20;
/// How soon every other request is answered.
const ANSWER: Duration = Duration::from_secs(10);

/// A server without browsers, on this Redis or on a folder of its own, with its users.
struct Stage {
    server: Server,
    redis: Option<Redis>,
}

impl Stage {
    async fn alone(flags: &[&str]) -> Self {
        Self { server: Server::start_with(flags).await, redis: None }
    }

    async fn with_redis(flags: &[&str]) -> Self {
        let redis = Redis::start().await;
        let url = redis.url();
        let server = Server::start_in(Folder::new(), &[flags, &["--redis-url", &url]].concat()).await;
        Self { server, redis: Some(redis) }
    }

    async fn user(&self, name: &str, options: &[&str]) -> Client {
        let url = self.redis.as_ref().map(Redis::url);
        let store = url.as_ref().map(|url| ["--redis-url", url]);
        let options = [options, store.as_ref().map_or(&[][..], |store| &store[..])].concat();
        self.server.user_with(name, &options).await
    }
}

/// The statuses of `count` concurrent requests.
async fn many<F: Future<Output = u16>>(count: usize, request: impl Fn(usize) -> F) -> Vec<u16> {
    stream::iter(0..count).map(request).buffer_unordered(AT_ONCE).collect().await
}

async fn issue(client: &Client) -> Reply {
    client.post("/v1/stream/tickets", &json!({})).await
}

async fn tickets_are_divided(stage: &Stage) {
    let (mallory, bob) = (&stage.user("mallory", &[]).await, &stage.user("bob", &[]).await);
    let statuses = many(TICKETS_OF_USER + 50, |_| async move { issue(mallory).await.status }).await;
    let granted = statuses.iter().filter(|status| **status == 200).count();
    let refused = statuses.iter().filter(|status| **status == 503).count();
    assert_eq!((granted, refused), (TICKETS_OF_USER, 50));
    let refusal = issue(mallory).await.expect_error(503, "busy");
    assert_eq!(refusal["reason"], "too_many_tickets");
    assert!(refusal.headers.contains_key("retry-after"));
    let ticket = issue(bob).await.expect(200).text("ticket").to_owned();
    let mut channel = Channel::open(stage.server.address(), "", Codec::Json).await;
    channel.request("connection.hello", "", json!({"ticket": ticket})).await;
}

#[tokio::test]
async fn one_user_does_not_take_all_tickets() {
    let stage = Stage::alone(&["--max-sessions", "0"]).await;
    tickets_are_divided(&stage).await;
    stage.server.stop().await;
}

#[tokio::test]
async fn one_user_does_not_take_all_tickets_of_a_cluster() {
    let stage = Stage::with_redis(&["--max-sessions", "0"]).await;
    tickets_are_divided(&stage).await;
    stage.server.stop().await;
}

/// Creates a session under a key. Returns the status and the body.
async fn create(client: &Client, key: &str) -> (u16, Value) {
    let reply = client.post_with("/v1/sessions", &[("idempotency-key", key)], &json!({"maxTtlSeconds": 60})).await;
    (reply.status, reply.body)
}

async fn refused_creates_leave_nothing(stage: &Stage) {
    let mallory = &stage.user("mallory", &["--credits", "0"]).await;
    let bob = stage.user("bob", &["--credits", "9", "--max-sessions", "1"]).await;
    let (status, first) = create(&bob, "mine").await;
    assert_eq!(status, 201, "{first}");
    let before = kept(stage).await;
    let statuses = many(300, |number| async move { create(mallory, &format!("k{number}")).await.0 }).await;
    assert!(statuses.iter().all(|status| *status == 403), "{statuses:?}");
    assert_eq!(kept(stage).await, before, "keys in Redis");
    let (status, again) = create(&bob, "mine").await;
    assert_eq!((status, &again["session"]["id"], &again["replayed"]), (201, &first["session"]["id"], &json!(true)));
    // A refused create may be repeated under its key, also with another body, and is then carried out once.
    let (status, refused) = create(&bob, "next").await;
    assert_eq!((status, &refused["code"]), (429, &json!("session_limit")));
    bob.close(first["session"]["id"].as_str().unwrap()).await.expect(200);
    let (status, next) = create(&bob, "next").await;
    assert_eq!(status, 201, "{next}");
    let (_, repeated) = create(&bob, "next").await;
    assert_eq!(repeated["session"]["id"], next["session"]["id"]);
    bob.delete("/v1/sessions").await.expect(200);
}

/// What the Redis stores of the user mallory.
async fn kept(stage: &Stage) -> Option<String> {
    let redis = stage.redis.as_ref()?;
    let names = redis.ask(&["KEYS", "*mallory*"]).await;
    let mut names: Vec<&str> = names.lines().filter(|line| line.contains("mallory")).collect();
    names.sort_unstable();
    Some(names.join(" "))
}

#[tokio::test]
async fn refused_creates_cost_nobody_anything() {
    let stage = Stage::alone(&[]).await;
    refused_creates_leave_nothing(&stage).await;
    stage.server.stop().await;
}

#[tokio::test]
async fn refused_creates_leave_nothing_in_a_cluster() {
    let stage = Stage::with_redis(&[]).await;
    refused_creates_leave_nothing(&stage).await;
    stage.server.stop().await;
}

/// A connection that sends nothing, of a client at this address behind a proxy. When this returns, the server has
/// counted it.
async fn silent(address: &str, client: &str) -> WebSocketStream<TcpStream> {
    let mut request = format!("ws://{address}/v1/stream").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "capture.v1.json".parse().unwrap());
    request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    let mut socket = timeout(ANSWER, client_async(request, stream)).await.unwrap().unwrap().0;
    assert!(!is_closed(&mut socket).await, "a new one is let in");
    socket
}

/// Whether the server has closed it with 4429; an open connection answers the ping.
async fn is_closed(socket: &mut WebSocketStream<TcpStream>) -> bool {
    use futures::SinkExt;
    use tokio_tungstenite::tungstenite::Message;
    let _ = socket.send(Message::Ping("are you there".into())).await; // an error means that the connection is closed
    match timeout(ANSWER, socket.next()).await.expect("neither an answer nor a close") {
        Some(Ok(Message::Pong(_))) => false,
        Some(Ok(Message::Close(frame))) => {
            assert_eq!(frame.map(|frame| u16::from(frame.code)), Some(4429));
            true
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn silent_strangers_lock_nobody_out() {
    let stage = Stage::alone(&["--max-sessions", "0"]).await;
    let (address, bob) = (stage.server.address(), stage.user("bob", &[]).await);
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS_PER_ADDRESS {
        strangers.push(silent(address, "203.0.113.7").await);
    }
    let mut known = Channel::open(address, bob.token(), Codec::Json).await;
    known.request("connection.ping", "", json!({})).await;
    for stranger in &mut strangers {
        assert!(!is_closed(stranger).await, "a user is not counted as a stranger");
    }
    let ticket = bob.post("/v1/stream/tickets", &json!({})).await.expect(200).text("ticket").to_owned();
    let mut with_ticket = Channel::open(address, "", Codec::Json).await;
    with_ticket.request("connection.hello", "", json!({"ticket": ticket})).await;
    // A ping that was under way may still be answered.
    let longest_silent = async || is_closed(&mut strangers[0]).await;
    until("the one who was silent for longest went", ANSWER, longest_silent).await;
    assert!(!is_closed(&mut strangers[1]).await);
    drop(strangers);
    stage.server.stop().await;
}

#[tokio::test]
async fn strangers_behind_a_trusted_proxy_are_told_apart() {
    let stage = Stage::alone(&["--max-sessions", "0", "--trusted-proxies", "127.0.0.1"]).await;
    let address = stage.server.address();
    let mut other = silent(address, "203.0.113.7").await;
    let mut neighbour = silent(address, "2001:db8:0:1::1").await;
    let mut strangers = Vec::new();
    for number in 0..=STRANGERS_PER_ADDRESS {
        strangers.push(silent(address, &format!("192.0.2.1, 2001:db8::{number:x}")).await);
    }
    // A ping that was under way may still be answered.
    until("one IPv6 network is one address", ANSWER, async || is_closed(&mut strangers[0]).await).await;
    assert!(!is_closed(&mut strangers[1]).await);
    assert!(!is_closed(&mut other).await && !is_closed(&mut neighbour).await, "other addresses are not");
    drop((strangers, other, neighbour));
    stage.server.stop().await;
}
