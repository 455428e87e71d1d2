//! The subscription of this instance, and the check that it receives messages.
//!
//! A subscription can stop receiving while its connection looks healthy. Therefore, after some silence, the instance
//! sends itself a probe the way every message is sent. If the probe does not arrive, the connection is replaced.

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

use super::{connection::RedisConnection, error::CommandError};

/// The subscription is probed after this much silence.
const PROBE_AFTER: Duration = Duration::from_secs(5);
/// A probe that has not arrived by then is lost.
const PROBE_WITHIN: Duration = Duration::from_secs(2);
/// Timeout of connecting and subscribing.
const CONNECT: Duration = Duration::from_secs(2);
/// Pause between two attempts: the first one, and the maximum.
const PAUSE: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// The prefix of a probe. No other message begins with it.
const PROBE: &[u8] = b"\xc1probe";

/// Whether this instance receives what is sent to it.
#[derive(Debug, Default)]
pub(super) struct SubscriptionHealth(AtomicBool);

impl SubscriptionHealth {
    pub(super) fn is_good(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the subscription needs.
pub(super) struct Inbox {
    pub(super) client: Client,
    pub(super) connection: Arc<RedisConnection>,
    pub(super) publish: Script,
    pub(super) channel: String,
    pub(super) health: Arc<SubscriptionHealth>,
}

/// The result of sending a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probed {
    /// The probe was sent.
    Sent,
    /// The server that probes are sent to has no subscriber: the name of Redis leads to another server than the
    /// subscription.
    Nobody,
}

impl Inbox {
    /// Receives messages until the receiver of `messages` is gone.
    pub(super) async fn listen(self, messages: mpsc::Sender<Bytes>) {
        let mut pause = PAUSE[0];
        while !messages.is_closed() {
            let heard = self.subscription(&messages).await;
            self.health.0.store(false, Ordering::Relaxed);
            if messages.is_closed() {
                return;
            }
            pause = if heard { PAUSE[0] } else { (pause * 2).min(PAUSE[1]) };
            tracing::warn!(retry_ms = pause.as_millis(), "the subscription to redis was lost and is renewed");
            tokio::time::sleep(pause).await;
        }
    }

    /// Runs one subscription until it fails; returns whether it ever received anything.
    async fn subscription(&self, messages: &mpsc::Sender<Bytes>) -> bool {
        let Some((_sink, mut stream)) = self.subscribe().await else { return false };
        let mut probed: Option<Instant> = Some(Instant::now());
        if self.probe().await == Probed::Nobody {
            self.connection.replace(); // of the two connections the subscription is the newer one
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
                () = self.connection.dropped() => Err(None), // the next connection may lead to another server
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
                    tracing::warn!("the subscription to redis receives nothing");
                    return heard;
                }
                Err(_elapsed) => {
                    probed.get_or_insert_with(Instant::now);
                    if self.probe().await == Probed::Nobody {
                        tracing::warn!("redis has moved to another server; the subscription is renewed");
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

    /// Sends a probe to this instance. Errors are ignored, since they show by the probe not arriving.
    async fn probe(&self) -> Probed {
        match publish(&self.connection, &self.publish, &self.channel, PROBE).await {
            Ok(0) => Probed::Nobody,
            Ok(_) => Probed::Sent,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "no probe");
                Probed::Sent
            }
        }
    }
}

/// Publishes a message to a channel and returns how many subscribers got it.
pub(super) async fn publish(
    connection: &RedisConnection,
    script: &Script,
    channel: &str,
    message: &[u8],
) -> Result<usize, CommandError> {
    connection
        .run(|mut connection| async move {
            script.prepare_invoke().arg(channel).arg(message).invoke_async::<usize>(&mut connection).await
        })
        .await
}
