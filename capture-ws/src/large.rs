//! A large text message that is written past the WebSocket.
//!
//! The WebSocket copies every message into a buffer, and moves the rest of this buffer to its front after each write.
//! The kernel takes some hundred KiB at a time, so for a message of 50 MB this moves gigabytes. The buffer also never
//! shrinks. Here a message is written from where it is.
//!
//! Knows the header of a frame. Knows nothing of what messages mean.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, buf::Chain};
use tokio::io::AsyncWrite;
use tokio_tungstenite::tungstenite::{
    Error,
    protocol::frame::{
        FrameHeader,
        coding::{Data, OpCode},
    },
};

/// What is left to be written of a message: its header and its text.
#[derive(Debug)]
pub(crate) struct Large(Chain<Bytes, Bytes>);

impl Large {
    /// A server's message, in one frame.
    pub(crate) fn text(text: String) -> Result<Self, Error> {
        let mut header = Vec::new();
        let kind = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
        kind.format(text.len() as u64, &mut header)?;
        Ok(Self(Bytes::from(header).chain(Bytes::from(text))))
    }

    /// Whether all of it was written.
    pub(crate) fn is_written(&self) -> bool {
        !self.0.has_remaining()
    }

    /// Writes as much as the connection takes now, and returns the number of bytes.
    pub(crate) fn poll_write(
        &mut self,
        io: Pin<&mut impl AsyncWrite>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut pieces = [IoSlice::new(&[]); 2];
        let count = self.0.chunks_vectored(&mut pieces);
        let written = ready!(io.poll_write_vectored(context, pieces.get(..count).unwrap_or_default()))?;
        self.0.advance(written);
        Poll::Ready(if written == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(written) })
    }
}

#[cfg(test)]
mod tests {
    use futures::{SinkExt, StreamExt};
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{Message, protocol::Role},
    };

    use super::*;
    use crate::cdp;

    #[tokio::test]
    async fn a_large_message_keeps_its_place_among_others() {
        let (near, far) = tokio::io::duplex(1 << 10);
        let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        let mut server = cdp::accept(near).await;
        let traffic = server.get_ref().traffic();
        let large = "x".repeat(100_000);
        let told = [Message::text("before"), Message::text(large.clone()), Message::text("after")];
        let speak = async {
            server.send(Message::text("before")).await.unwrap();
            traffic.next(Large::text(large).unwrap());
            server.send(Message::text("after")).await.unwrap();
            assert!(traffic.written() > 100_000);
            while let Some(Ok(_)) = server.next().await {}
        };
        let hear = async {
            client.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
            for expected in told {
                assert_eq!(client.next().await.unwrap().unwrap(), expected);
            }
            assert!(matches!(client.next().await, Some(Ok(Message::Pong(_)))));
            client.close(None).await.unwrap();
        };
        tokio::join!(speak, hear);
    }
}
