//! The writing half of a connection: writes what waits in the outbox, most important first, with a deadline on every
//! write.
//!
//! Knows nothing of requests or sessions.

use std::sync::Arc;

use capture_core::session::SessionId;
use futures::{Sink, SinkExt};
use tokio::time::{Duration, Instant, timeout};
use tokio_tungstenite::tungstenite::{
    Bytes, Error as WsError, Message,
    protocol::{CloseFrame, frame::coding::CloseCode as WireCode},
};

use crate::{
    close::CloseCode,
    codec::Codec,
    frame::{Countdown, ViewParams},
    limits::{ChannelLimits, millis},
    outbox::{Deadline, Item, Outbox},
};

/// Frames written before they are flushed together.
const TOGETHER: usize = 32;
/// How long the close frame to a client that does not read may take.
const LAST_WORD: Duration = Duration::from_secs(1);
/// Longest reason that fits into a close frame, in bytes.
const MAX_REASON: usize = 123;

/// The writing half.
pub(super) struct Writer<W> {
    pub(super) sink: W,
    pub(super) codec: Codec,
    pub(super) outbox: Arc<Outbox>,
    pub(super) limits: ChannelLimits,
}

impl<W: Sink<Message, Error = WsError> + Unpin> Writer<W> {
    /// Writes until the close frame, or until the connection is gone.
    pub(super) async fn run(&mut self) {
        loop {
            let item = match timeout(self.limits.idle, self.outbox.next()).await {
                Ok(item) => item,
                Err(_silence) => {
                    if self.fill().await.is_none() {
                        return;
                    }
                    continue;
                }
            };
            if self.write_all(item).await.is_none() {
                return;
            }
        }
    }

    /// Writes this item and those that wait behind it; `None` when it was the last.
    async fn write_all(&mut self, first: Item) -> Option<()> {
        let mut next = Some(first);
        let (mut fed, mut bytes) = (0, 0);
        while let Some(item) = next {
            if let Item::Close(code, why) = item {
                self.close(code, &why).await;
                return None;
            }
            if let Item::Frame(frame) = &item {
                bytes += frame.len();
            }
            let message = self.message(&item);
            self.within(async |sink| sink.feed(message).await).await?;
            fed += 1;
            if fed % TOGETHER == 0 {
                self.flush(&mut bytes).await?;
            }
            next = self.outbox.try_next();
        }
        self.flush(&mut bytes).await
    }

    /// Flushes what was fed, `bytes` of frames in total, and counts it as written.
    async fn flush(&mut self, bytes: &mut usize) -> Option<()> {
        self.within(async |sink| sink.flush().await).await?;
        self.outbox.written(std::mem::take(bytes));
        Some(())
    }

    /// Fills a silence with an event that scripts in browsers can see, and with a ping that every WebSocket client
    /// answers.
    async fn fill(&mut self) -> Option<()> {
        let filler = self.codec.message(match self.codec {
            Codec::Json => Bytes::from_static(b"{}"),
            Codec::MessagePack => Bytes::from_static(&[0x80]),
        });
        self.within(async |sink| {
            sink.feed(filler).await?;
            sink.send(Message::Ping(Bytes::new())).await
        })
        .await
    }

    /// Runs one write. A write that fails or takes too long ends the connection, because the client reads too slowly or
    /// is gone.
    async fn within(&mut self, work: impl AsyncFnOnce(&mut W) -> Result<(), WsError>) -> Option<()> {
        match timeout(self.limits.write_timeout, work(&mut self.sink)).await {
            Ok(Ok(())) => Some(()),
            Ok(Err(_gone)) => None,
            Err(_elapsed) => {
                self.close(CloseCode::SlowConsumer, "a write took too long: connect again and resume").await;
                None
            }
        }
    }

    /// Sends the close frame; nothing is written after it.
    pub(super) async fn close(&mut self, code: CloseCode, why: &str) {
        let (reason, _rest) = why.split_at(why.floor_char_boundary(MAX_REASON));
        let frame = CloseFrame { code: WireCode::from(code.as_u16()), reason: reason.into() };
        // A client that does not read it is disconnected without it.
        let _ = timeout(LAST_WORD, self.sink.send(Message::Close(Some(frame)))).await;
    }

    fn message(&self, item: &Item) -> Message {
        let encoded = match item {
            Item::Frame(frame) => Ok(frame.clone()),
            Item::Countdown(id, deadline) => self.codec.encode(&countdown(*id, *deadline)),
            Item::Picture(id, shown, dropped) => self.codec.encode(&ViewParams::frame(*id, shown, *dropped)),
            Item::Close(..) => Ok(Bytes::new()),
        };
        let frame = encoded.unwrap_or_else(|error| {
            tracing::error!(%error, "a frame could not be written");
            Bytes::from_static(b"{}")
        });
        self.codec.message(frame)
    }
}

fn countdown(id: SessionId, deadline: Deadline) -> impl serde::Serialize {
    let left = deadline.at.saturating_duration_since(Instant::now());
    let remaining_ms = millis(left);
    let expires_in_seconds = remaining_ms.div_ceil(1_000);
    Countdown { remaining_ms, expires_in_seconds, expires_at: deadline.expires_at }.frame(id)
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use super::*;

    /// A client that takes every frame and enqueues the next one at once.
    struct Insatiable {
        outbox: Arc<Outbox>,
        left: usize,
    }

    impl Sink<Message> for Insatiable {
        type Error = WsError;

        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), WsError>> {
            Poll::Ready(Ok(()))
        }

        fn start_send(mut self: Pin<&mut Self>, _: Message) -> Result<(), WsError> {
            match self.left.checked_sub(1) {
                Some(left) => {
                    self.left = left;
                    self.outbox.put(Bytes::from_static(b"{}"));
                }
                None => self.outbox.close(CloseCode::Normal, "enough"),
            }
            Ok(())
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), WsError>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), WsError>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn an_outbox_that_is_never_empty_is_written_on_and_on() {
        let limits = ChannelLimits::default();
        let outbox = Arc::new(Outbox::new(&limits));
        outbox.put(Bytes::from_static(b"{}"));
        let sink = Insatiable { outbox: Arc::clone(&outbox), left: 1_000_000 };
        Writer { sink, codec: Codec::Json, outbox, limits }.run().await;
    }
}
