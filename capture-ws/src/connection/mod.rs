//! One connection: hello, then requests in and answers and news out until either side closes.
//!
//! Reading and writing are two halves of one task. The reading half only enqueues: no action, no slow client and no slow
//! session ever keeps it from reading.

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

/// How long a client may take to answer our close.
const FAREWELL: Duration = Duration::from_secs(2);
/// What a client is told of a defect of ours; the cause is only in the log.
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
    let admitted = (client.grant, client.peer);
    tokio::select! {
        // The client left: there is nobody to write to.
        () = read(reader, &mut stream, admitted, &outbox) => {}
        // The last frame was written.
        () = write(&mut writer) => {}
    }
    if let Ok(socket) = stream.reunite(writer.sink) {
        let _ = timeout(FAREWELL, farewell(socket)).await; // it need not answer
    }
}

/// Waits for the client to answer our close; what else it still sends is not looked at. A socket that is dropped with
/// bytes unread is reset, and the client may never see why it was closed.
async fn farewell<IO: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<IO>) -> std::io::Result<()> {
    while let Some(Ok(_)) = socket.next().await {}
    let io = socket.get_mut();
    io.shutdown().await?;
    tokio::io::copy(io, &mut tokio::io::sink()).await.map(drop)
}

/// The reading half. After a panic it waits for the writing half to have said so, as after any other reason to close.
async fn read<R>(reader: Reader, stream: &mut R, (grant, peer): (Option<Grant>, IpAddr), outbox: &Outbox)
where
    R: Stream<Item = Result<Message, WsError>> + Unpin,
{
    if panics(reader.run(stream, grant, peer)).await {
        outbox.close(CloseCode::Internal, DEFECT);
        std::future::pending::<()>().await;
    }
}

/// The writing half. A frame it panics over is not tried again.
async fn write<W: Sink<Message, Error = WsError> + Unpin>(writer: &mut Writer<W>) {
    if panics(writer.run()).await {
        writer.close(CloseCode::Internal, DEFECT).await;
    }
}

/// Runs a half; whether it panicked.
async fn panics(half: impl Future<Output = ()>) -> bool {
    // Unwind safe: a half is not used again, and what connections share is behind locks that cannot be poisoned.
    let panicked = AssertUnwindSafe(half).catch_unwind().await.is_err();
    if panicked {
        tracing::error!("the task of a connection panicked: our defect; the connection is closed");
    }
    panicked
}
