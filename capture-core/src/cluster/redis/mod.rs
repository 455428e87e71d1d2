//! Redis as the bus and the store of a cluster.
//!
//! There are three connections: one for scripts and messages, one for large payloads, and one for the subscription.
//! Each is replaced independently, and no command waits longer than a second for any of them.

mod connection;
mod error;
mod inbox;
mod large;

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use redis::{
    Client, ConnectionAddr, IntoConnectionInfo, Value,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use tokio::sync::mpsc;

pub use self::error::InvalidRedisUrl;
use self::{
    connection::RedisConnection,
    inbox::{Inbox, SubscriptionHealth},
    large::Large,
};
use super::bus::{Bus, BusError};
use crate::{
    ledger::redis::{Answer, Argument, InstanceId, Script, Store, StoreError},
    tasks::Tasks,
};

/// A connection is closed when sent bytes stay unacknowledged for this long, regardless of the kernel's default.
const USER_TIMEOUT: Duration = Duration::from_secs(5);
/// Interval of the kernel's keepalive probes on an idle connection.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// Maximum number of messages read ahead. A receiver that lags behind slows down the reading, and Redis disconnects a
/// subscriber that reads too slowly.
const AHEAD: usize = 4_096;
/// The script that sends a message.
const PUBLISH: &str = include_str!("publish.lua");

/// The connections of one instance to Redis.
#[derive(Debug)]
pub struct RedisLink {
    client: Client,
    prefix: Arc<str>,
    me: InstanceId,
    connection: Arc<RedisConnection>,
    large: Large,
    scripts: Mutex<HashMap<&'static str, redis::Script>>,
    health: Arc<SubscriptionHealth>,
    publish: redis::Script,
    tasks: Tasks,
}

impl RedisLink {
    /// The connections of the instance `me`. They are opened at the first use.
    ///
    /// # Errors
    /// When `url` is not a Redis URL (`redis://[user:password@]host[:port][/db]`).
    pub fn new(url: &str, prefix: &str, me: InstanceId) -> Result<Self, InvalidRedisUrl> {
        let info = url.into_connection_info().map_err(InvalidRedisUrl::Malformed)?;
        let info = match info.addr() {
            ConnectionAddr::Unix(_) => info,
            _ => {
                let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
                let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
                info.set_tcp_settings(settings.set_user_timeout(USER_TIMEOUT))
            }
        };
        let client = Client::open(info).map_err(InvalidRedisUrl::Unsupported)?;
        Ok(Self {
            connection: Arc::new(RedisConnection::new(client.clone())),
            large: Large::new(client.clone()),
            client,
            prefix: prefix.into(),
            me,
            scripts: Mutex::default(),
            health: Arc::default(),
            publish: redis::Script::new(PUBLISH),
            tasks: Tasks::default(),
        })
    }

    fn channel(&self, instance: &InstanceId) -> String {
        format!("{}:inbox:{instance}", self.prefix)
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn script(&self, script: Script) -> redis::Script {
        self.scripts.lock().entry(script.code).or_insert_with(|| redis::Script::new(script.code)).clone()
    }
}

impl Store for RedisLink {
    fn run(&self, script: Script, arguments: Vec<Argument>) -> BoxFuture<'_, Result<Answer, StoreError>> {
        async move {
            let code = self.script(script);
            let prefix = Arc::clone(&self.prefix);
            let answer = self.connection.run(|mut connection| async move {
                let mut invocation = code.prepare_invoke();
                invocation.arg(&*prefix);
                for argument in arguments {
                    invocation.arg(argument);
                }
                invocation.invoke_async::<Value>(&mut connection).await
            });
            Ok(read(answer.await.map_err(StoreError::new)?))
        }
        .boxed()
    }
}

impl Bus for RedisLink {
    fn send<'a>(&'a self, to: &'a InstanceId, message: Bytes) -> BoxFuture<'a, Result<usize, BusError>> {
        async move {
            inbox::publish(&self.connection, &self.publish, &self.channel(to), &message).await.map_err(BusError::new)
        }
        .boxed()
    }

    fn receive(&self) -> BoxStream<'static, Bytes> {
        let (sender, messages) = mpsc::channel(AHEAD);
        let inbox = Inbox {
            client: self.client.clone(),
            connection: Arc::clone(&self.connection),
            publish: self.publish.clone(),
            channel: self.channel(&self.me),
            health: Arc::clone(&self.health),
        };
        self.tasks.spawn(inbox.listen(sender));
        futures::stream::unfold(messages, |mut messages| async { Some((messages.recv().await?, messages)) }).boxed()
    }

    fn put<'a>(&'a self, name: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), BusError>> {
        async move { self.large.put(self.key(name), bytes).await.map_err(BusError::new) }.boxed()
    }

    fn take<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, BusError>> {
        async move { self.large.take(self.key(name)).await.map_err(BusError::new) }.boxed()
    }

    fn health(&self) -> Result<(), BusError> {
        let deaf = || BusError::new("redis: messages of other instances do not arrive");
        if self.health.is_good() { Ok(()) } else { Err(deaf()) }
    }
}

fn read(value: Value) -> Answer {
    match value {
        Value::Nil => Answer::Nil,
        Value::Int(whole) => Answer::Whole(whole),
        Value::BulkString(bytes) => Answer::Bytes(bytes),
        Value::SimpleString(text) => Answer::Bytes(text.into_bytes()),
        Value::Okay => Answer::Bytes(b"OK".to_vec()),
        Value::Array(items) => Answer::List(items.into_iter().map(read).collect()),
        _ => Answer::Nil, // a type of a later protocol version
    }
}
