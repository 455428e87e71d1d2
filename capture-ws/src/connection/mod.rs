//! One connection: hello, then requests in and answers and news out until either side closes.
//!
//! Reading and writing are two halves of one task. The reading half only enqueues: no action, no slow client and no slow
//! session ever keeps it from reading.

mod feeds;
mod reader;
mod requests;
mod writer;

use std::{net::IpAddr, sync::Arc};

use capture_core::account::Grant;
use futures::{Sink, Stream, StreamExt};
use tokio::time::{Duration, timeout};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use self::{reader::Reader, writer::Writer};
use crate::{channels::Channels, codec::Codec, outbox::Outbox};

/// How long a client may take to answer our close.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs a connection to its end.
pub(crate) async fn run<S>(channels: Channels, socket: S, codec: Codec, (grant, peer): (Option<Grant>, IpAddr))
where
    S: Stream<Item = Result<Message, WsError>> + Sink<Message, Error = WsError> + Send + Unpin,
{
    let (sink, mut stream) = socket.split();
    let limits = channels.shared.limits.clone();
    let outbox = Arc::new(Outbox::new(&limits));
    let writer = Writer { sink, codec, outbox: Arc::clone(&outbox), limits };
    let reader = Reader::new(channels, codec, outbox);
    tokio::select! {
        // The client left: there is nobody to write to.
        () = reader.run(&mut stream, grant, peer) => {}
        // The last frame was written. The client answers it; what else it still sends is not looked at.
        () = writer.run() => {}
    }
    let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = stream.next().await {} }).await; // it need not answer
}
