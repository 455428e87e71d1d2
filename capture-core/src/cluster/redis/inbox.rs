//! The subscription of this instance, and the certainty that it hears.
//!
//! A subscription can be deaf while its connection looks well. So after some silence a nonce is sent to ourselves the way every
//! message comes; if it does not arrive, the connection is thrown away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::StreamExt;
use redis::{
    Client, Script,
    aio::{PubSubSink, PubSubStream},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::connection::RedisConnection;

/// After so much silence the subscription is probed.
const PROBE_AFTER: Duration = Duration::from_secs(5);
/// A probe that is not back by then is lost.
const PROBE_WITHIN: Duration = Duration::from_secs(2);
/// What connecting and subscribing may take.
const CONNECT: Duration = Duration::from_secs(2);
/// Between two attempts, at first and at most.
const PAUSE: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// How a probe begins; no message of ours does.
const PROBE: &[u8] = b"\xc1probe";

/// Whether this instance hears what is sent to it.
#[derive(Debug, Default)]
pub(super) struct SubscriptionHealth(AtomicBool);

impl SubscriptionHealth {
    pub(super) fn is_good(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What it takes to listen.
pub(super) struct Inbox {
    pub(super) client: Client,
    pub(super) connection: Arc<RedisConnection>,
    pub(super) publish: Script,
    pub(super) channel: String,
    pub(super) health: Arc<SubscriptionHealth>,
}

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probed {
    /// It is on its way.
    Sent,
    /// Nobody listens where messages are sent: Redis has moved, and the subscription has not.
    Nobody,
}

impl Inbox {
    /// Listens until nobody takes messages any more.
    pub(super) async fn listen(self, messages: mpsc::Sender<Bytes>) {
        let mut pause = PAUSE[0];
        while !messages.is_closed() {
            let heard = self.subscription(&messages).await;
            self.health.0.store(false, Ordering::Relaxed);
            if messages.is_closed() {
                return;
            }
            pause = if heard { PAUSE[0] } else { (pause * 2).min(PAUSE[1]) };
            tracing::warn!(retry_ms = pause.as_millis(), "the subscription to redis is gone and is made anew");
            tokio::time::sleep(pause).await;
        }
    }

    /// One subscription until it is no good; whether it ever heard anything.
    async fn subscription(&self, messages: &mpsc::Sender<Bytes>) -> bool {
        let Some((_sink, mut stream)) = self.subscribe().await else { return false };
        let mut probed: Option<Instant> = Some(Instant::now());
        if self.probe().await == Probed::Nobody {
            self.connection.replace(); // of the two the subscription is the newer one
            return false;
        }
        let mut heard = false;
        loop {
            let by = match probed {
                Some(at) => at + PROBE_WITHIN,
                None => Instant::now() + PROBE_AFTER,
            };
            let message = tokio::select! {
                biased;
                message = timeout_at(by, stream.next()) => message.map_err(Some),
                () = self.connection.dropped() => Err(None), // the next one may lead elsewhere
                () = messages.closed() => return heard,
            };
            match message {
                Ok(Some(message)) => {
                    heard = true;
                    probed = None;
                    self.health.0.store(true, Ordering::Relaxed);
                    let bytes = Bytes::copy_from_slice(message.get_payload_bytes());
                    if !bytes.starts_with(PROBE) && messages.send(bytes).await.is_err() {
                        return heard;
                    }
                }
                Ok(None) => return heard,
                Err(_elapsed) if probed.is_some_and(|at| at.elapsed() >= PROBE_WITHIN) => {
                    tracing::warn!("the subscription to redis is deaf");
                    return heard;
                }
                Err(_elapsed) => {
                    probed.get_or_insert_with(Instant::now);
                    if self.probe().await == Probed::Nobody {
                        tracing::warn!("redis has moved and the subscription follows");
                        return heard;
                    }
                }
            }
        }
    }

    async fn subscribe(&self) -> Option<(PubSubSink, PubSubStream)> {
        let subscribing = async {
            let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
            sink.subscribe(&self.channel).await?; // confirmed when this returns
            Ok::<_, redis::RedisError>((sink, stream))
        };
        match timeout(CONNECT, subscribing).await {
            Ok(Ok(subscribed)) => Some(subscribed),
            Ok(Err(error)) => {
                tracing::debug!(%error, "no subscription");
                None
            }
            Err(_elapsed) => None,
        }
    }

    /// Sends ourselves something; an error is found out by its not arriving.
    async fn probe(&self) -> Probed {
        match publish(&self.connection, &self.publish, &self.channel, PROBE).await {
            Ok(0) => Probed::Nobody,
            Ok(_) => Probed::Sent,
            Err(error) => {
                tracing::debug!(error, "no probe");
                Probed::Sent
            }
        }
    }
}

/// Hands a message to whoever listens to a channel, and says how many did.
pub(super) async fn publish(
    connection: &RedisConnection,
    script: &Script,
    channel: &str,
    message: &[u8],
) -> Result<usize, String> {
    connection
        .run(|mut connection| async move {
            script.prepare_invoke().arg(channel).arg(message).invoke_async::<usize>(&mut connection).await
        })
        .await
}
