//! One connection: hello, then requests in, and answers and events out, until either side closes.
//!
//! Reading and writing are two halves of one task. The reading half only enqueues, so no action, slow client or slow
//! session keeps it from reading. Knows nothing of routes or HTTP.

mod reader;
mod requests;
mod subscriptions;
mod turn;
mod writer;

#[cfg(test)]
mod tests;

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use capture_core::account::Grant;
use futures::{FutureExt, Sink, Stream, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Duration, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error as WsError, Message},
};

use self::{reader::Reader, writer::Writer};
use crate::{client::Client, close::CloseCode, codec::Codec, outbox::Outbox, shared::Common};

/// How long a client may take to answer our close frame.
const FAREWELL: Duration = Duration::from_secs(2);
/// The reason a client receives for a defect of the server; the cause appears only in the log.
const DEFECT: &str = "a defect of the server";

/// Runs a connection to its end.
pub(crate) async fn run<IO>(common: Common, socket: WebSocketStream<IO>, codec: Codec, client: Client)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (sink, mut stream) = socket.split();
    let limits = common.shared.limits.clone();
    let outbox = Arc::new(Outbox::new(&limits));
    let mut writer = Writer { sink, codec, outbox: Arc::clone(&outbox), limits };
    let reader = Reader::new(common, codec, Arc::clone(&outbox), client.connect_urls);
    tokio::select! {
        // The client left, so the writer has no recipient.
        () = read(reader, &mut stream, client.grant, client.peer, &outbox) => {}
        // The last frame was written.
        () = write(&mut writer) => {}
    }
    if let Ok(socket) = stream.reunite(writer.sink) {
        let _ = timeout(FAREWELL, farewell(socket)).await; // the client is not obliged to answer
    }
}

/// Waits for the client to answer our close frame, and discards what else it sends. A socket that is dropped with
/// unread bytes is reset, and the client might never see the close code.
async fn farewell<IO: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<IO>) -> std::io::Result<()> {
    while let Some(Ok(_)) = socket.next().await {}
    let io = socket.get_mut();
    io.shutdown().await?;
    tokio::io::copy(io, &mut tokio::io::sink()).await.map(drop)
}

/// Runs the reading half. After a panic it waits until the writing half has sent the close frame, as after any other
/// reason to close.
async fn read<R>(reader: Reader, stream: &mut R, grant: Option<Grant>, peer: IpAddr, outbox: &Outbox)
where
    R: Stream<Item = Result<Message, WsError>> + Unpin,
{
    if panics(reader.run(stream, grant, peer)).await {
        outbox.close(CloseCode::Internal, DEFECT);
        std::future::pending::<()>().await;
    }
}

/// Runs the writing half. A frame whose encoding panics is not retried.
async fn write<W: Sink<Message, Error = WsError> + Unpin>(writer: &mut Writer<W>) {
    if panics(writer.run()).await {
        writer.close(CloseCode::Internal, DEFECT).await;
    }
}

/// Runs a half of the connection. Returns whether it panicked.
async fn panics(half: impl Future<Output = ()>) -> bool {
    // Unwind safe: a half is not used again, and what connections share is behind locks that cannot be poisoned.
    let panicked = AssertUnwindSafe(half).catch_unwind().await.is_err();
    if panicked {
        tracing::error!("the task of a connection panicked: our defect; the connection is closed");
    }
    panicked
}
