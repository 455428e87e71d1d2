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
use redis::Client;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::lane::Lane;

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
pub(super) struct Hearing(AtomicBool);

impl Hearing {
    pub(super) fn is_good(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Listens until nobody takes messages any more.
pub(super) async fn listen(
    client: Client,
    lane: Arc<Lane>,
    channel: String,
    messages: mpsc::Sender<Bytes>,
    hearing: Arc<Hearing>,
) {
    let mut pause = PAUSE[0];
    while !messages.is_closed() {
        let heard = subscription(&client, &lane, &channel, &messages, &hearing).await;
        hearing.0.store(false, Ordering::Relaxed);
        if messages.is_closed() {
            return;
        }
        pause = if heard { PAUSE[0] } else { (pause * 2).min(PAUSE[1]) };
        tracing::warn!(retry_ms = pause.as_millis(), "the subscription to redis is gone and is made anew");
        tokio::time::sleep(pause).await;
    }
}

/// One subscription until it is no good; whether it ever heard anything.
async fn subscription(
    client: &Client,
    lane: &Lane,
    channel: &str,
    messages: &mpsc::Sender<Bytes>,
    hearing: &Hearing,
) -> bool {
    let subscribing = async {
        let (mut sink, stream) = client.get_async_pubsub().await?.split();
        sink.subscribe(channel).await?; // confirmed when this returns
        Ok::<_, redis::RedisError>((sink, stream))
    };
    let (_sink, mut stream) = match timeout(CONNECT, subscribing).await {
        Ok(Ok(subscribed)) => subscribed,
        Ok(Err(error)) => {
            tracing::debug!(%error, "no subscription");
            return false;
        }
        Err(_elapsed) => return false,
    };
    let mut heard = false;
    let mut probed: Option<Instant> = Some(Instant::now());
    probe(lane, channel).await; // the first thing it must hear
    loop {
        let by = match probed {
            Some(at) => at + PROBE_WITHIN,
            None => Instant::now() + PROBE_AFTER,
        };
        let message = tokio::select! {
            biased;
            message = timeout_at(by, stream.next()) => message,
            () = messages.closed() => return heard,
        };
        match message {
            Ok(Some(message)) => {
                heard = true;
                probed = None;
                hearing.0.store(true, Ordering::Relaxed);
                let bytes = Bytes::copy_from_slice(message.get_payload_bytes());
                if !bytes.starts_with(PROBE) && messages.send(bytes).await.is_err() {
                    return heard;
                }
            }
            Ok(None) => return heard,
            Err(_elapsed) if probed.is_some() => {
                tracing::warn!("the subscription to redis is deaf");
                return heard;
            }
            Err(_elapsed) => {
                probed = Some(Instant::now());
                probe(lane, channel).await;
            }
        }
    }
}

/// Sends ourselves something; an error is found out by its not arriving.
async fn probe(lane: &Lane, channel: &str) {
    let sent = lane.run(|mut connection| async move {
        redis::cmd("PUBLISH").arg(channel).arg(PROBE).query_async::<u64>(&mut connection).await
    });
    if let Err(error) = sent.await {
        tracing::debug!(error, "no probe");
    }
}
