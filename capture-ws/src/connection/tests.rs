//! Defects of the server, which no client can provoke: the affected connection closes with 1011, and the others go on.

use std::{net::Ipv4Addr, sync::Arc};

use bytes::Bytes;
use capture_core::{
    ActionName, Caller, Connected, Created, Error, Executed, Limits, Sessions,
    account::{Account, Accounts, Grant, MemoryTickets, Scope, Secret},
    action::Action,
    actor::{Follow, View, ViewOptions},
    clock::Clock,
    event::Since,
    ledger::MemoryLedger,
    render::{RenderRequest, Rendered},
    session::{Keyed, SessionId, SessionOptions, SessionView},
};
use futures::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use super::writer::Writer;
use crate::{Channels, Client, ConnectUrls, Shared, codec::Codec, limits::ChannelLimits, outbox::Outbox};

/// Panics in two ways: when it is called, and when its future is polled.
struct Panicking;

impl Sessions for Panicking {
    fn create(&self, _: Caller, _: SessionOptions, _: Option<Keyed>) -> BoxFuture<'_, Result<Created, Error>> {
        async { panic!("in a future") }.boxed()
    }
    fn render(&self, _: Caller, _: RenderRequest) -> BoxFuture<'_, Result<Rendered, Error>> {
        panic!("at once")
    }
    fn get(&self, _: Caller, _: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        panic!("at once")
    }
    fn list(&self, _: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>> {
        panic!("at once")
    }
    fn renew(&self, _: Caller, _: SessionId, _: u64) -> BoxFuture<'_, Result<SessionView, Error>> {
        panic!("at once")
    }
    fn execute(&self, _: Caller, _: SessionId, _: Action, _: Option<Keyed>) -> BoxFuture<'_, Result<Executed, Error>> {
        panic!("at once")
    }
    fn cancel(&self, _: Caller, _: SessionId, _: ActionName) -> BoxFuture<'_, Result<bool, Error>> {
        panic!("at once")
    }
    fn close(&self, _: Caller, _: SessionId) -> BoxFuture<'_, Result<SessionView, Error>> {
        panic!("at once")
    }
    fn close_all(&self, _: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>> {
        panic!("at once")
    }
    fn follow(&self, _: Caller, _: SessionId, _: Option<Since>) -> BoxFuture<'_, Result<Follow, Error>> {
        panic!("at once")
    }
    fn view(&self, _: Caller, _: SessionId, _: ViewOptions) -> BoxFuture<'_, Result<View, Error>> {
        panic!("at once")
    }
    fn connect(&self, _: Caller, _: SessionId, _: Option<String>) -> BoxFuture<'_, Result<Connected, Error>> {
        panic!("at once")
    }
}

async fn channels() -> (Channels, Grant) {
    let (accounts, secret) = (Arc::new(MemoryLedger::new()), Secret::chosen("secret").hash());
    let user = Account::new("ann".parse().unwrap(), secret);
    let grant = Grant { user: user.id.clone(), secret, scope: Scope::ALL };
    accounts.add(user).await.unwrap();
    let channels = Channels::new(Shared {
        instance: None,
        sessions: Arc::new(Panicking),
        accounts,
        tickets: Arc::new(MemoryTickets::default()),
        clock: Clock::start(),
        session_limits: Limits::default(),
        limits: ChannelLimits::default(),
    });
    (channels, grant)
}

/// A server that CDP clients cannot reach.
#[derive(Debug)]
struct Unreachable;

impl ConnectUrls for Unreachable {
    fn connect_url<'a>(&'a self, _: &'a Grant, _: &'a SessionView) -> BoxFuture<'a, Result<Option<String>, Error>> {
        async { Ok(None) }.boxed()
    }
}

fn client_of(grant: &Grant) -> Client {
    Client { grant: Some(grant.clone()), peer: Ipv4Addr::LOCALHOST.into(), connect_urls: Arc::new(Unreachable) }
}

/// The two ends of a connection.
async fn sockets() -> (WebSocketStream<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let server = WebSocketStream::from_raw_socket(ours, Role::Server, None).await;
    (server, WebSocketStream::from_raw_socket(theirs, Role::Client, None).await)
}

async fn ask(client: &mut WebSocketStream<DuplexStream>, method: &str) -> Message {
    let request = json!({"id": 1, "method": method, "sessionId": SessionId::new().to_string()}).to_string();
    client.send(Message::text(request)).await.unwrap();
    client.next().await.unwrap().unwrap()
}

fn close_code(message: &Message) -> Option<u16> {
    match message {
        Message::Close(Some(frame)) => Some(frame.code.into()),
        _ => None,
    }
}

#[tokio::test]
async fn a_panic_closes_its_connection_and_no_other() {
    let (channels, grant) = channels().await;
    let (server, mut bystander) = sockets().await;
    channels.run(async { Some(server) }, Codec::Json, client_of(&grant));
    for method in ["session.get", "session.create"] {
        let (server, mut client) = sockets().await;
        channels.run(async { Some(server) }, Codec::Json, client_of(&grant));
        let told = ask(&mut client, method).await;
        assert_eq!(close_code(&told), Some(1011), "{method}: {told:?}");
        assert!(client.next().await.is_none_or(|end| end.is_err()), "it is over");
        let answer: Value =
            serde_json::from_str(ask(&mut bystander, "connection.ping").await.to_text().unwrap()).unwrap();
        assert_eq!(answer["type"], "success");
    }
    assert_eq!(channels.open(), 1, "their places are free");
}

#[tokio::test]
async fn a_panic_over_a_frame_that_is_written_closes_too() {
    let (server, mut client) = sockets().await;
    let panicking = server.with(|message: Message| {
        assert!(message.is_close(), "over anything but a close");
        std::future::ready(Ok(message))
    });
    let limits = ChannelLimits::default();
    let outbox = Arc::new(Outbox::new(&limits));
    outbox.put(Bytes::from_static(b"{}"));
    super::write(&mut Writer { sink: Box::pin(panicking), codec: Codec::Json, outbox, limits }).await;
    assert_eq!(close_code(&client.next().await.unwrap().unwrap()), Some(1011));
}
