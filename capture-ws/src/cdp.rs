//! A WebSocket for a CDP client: texts go in and out as they are.
//!
//! Knows nothing of the protocol. A client that is not read from waits; one that does not read is given up by the bridge.

use std::time::Duration;

use capture_core::browser::{CdpClient, CdpCommands, CdpEnd};
use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        error::{CapacityError, Error},
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// Largest command of a client. Puppeteer and Playwright send none of a thousandth of it.
pub const MAX_MESSAGE: usize = 100 * 1024 * 1024;
/// Frames are gathered into one write up to about this size.
const GATHER: usize = 64 << 10;
/// How long a client may take nothing of what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the last words may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// How a socket for a CDP client must be set up.
pub fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(64 << 10)
        .write_buffer_size(GATHER)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// Carries a client's texts until one side ends.
pub(crate) async fn run<IO>(socket: WebSocketStream<IO>, client: CdpClient)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
{
    let CdpClient { commands, mut frames } = client;
    let (mut sink, mut stream) = socket.split();
    let goodbye = {
        let mut writing = std::pin::pin!(write_all(&mut sink, &mut frames));
        tokio::select! {
            read = read_all(&mut stream, &*commands) => {
                if read.as_ref().is_err_and(|frame| frame.code == CloseCode::Normal) {
                    // What was answered before the end is still written.
                    let _ = tokio::time::timeout(GOODBYE, writing.as_mut()).await; // it reads no more
                }
                read.err()
            }
            written = writing.as_mut() => written.then(|| close_of(&commands.ended())),
        }
    };
    drop(commands);
    let goodbye = goodbye.unwrap_or_else(|| closing(CloseCode::Normal, ""));
    let _ = tokio::time::timeout(GOODBYE, sink.send(Message::Close(Some(goodbye)))).await; // gone already
    // Dropped with bytes unread the connection would be reset, and our close lost.
    let _ = tokio::time::timeout(GOODBYE, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

/// Takes commands until the client leaves, or says why it is over.
async fn read_all(
    stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    commands: &dyn CdpCommands,
) -> Result<(), CloseFrame> {
    while let Some(message) = stream.next().await {
        match message {
            Ok(Message::Text(text)) => commands.send(&text).await.map_err(|end| close_of(&end))?,
            Ok(Message::Binary(_)) => return Err(closing(CloseCode::Unsupported, "commands are text")),
            Ok(Message::Close(_)) => return Ok(()),
            Ok(_) => {}
            Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                return Err(closing(CloseCode::Size, "a command is longer than 100 MiB"));
            }
            Err(_gone) => return Ok(()),
        }
    }
    Ok(())
}

/// Writes frames until there are no more; false when the client takes them no longer.
async fn write_all(
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    frames: &mut (impl Stream<Item = String> + Unpin),
) -> bool {
    while let Some(frame) = frames.next().await {
        if !matches!(tokio::time::timeout(WRITE_TIMEOUT, write(sink, frame, frames)).await, Ok(Ok(()))) {
            return false;
        }
    }
    true
}

/// Writes a frame, with those that are there already.
async fn write(
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    frame: String,
    frames: &mut (impl Stream<Item = String> + Unpin),
) -> Result<(), Error> {
    let (mut next, mut gathered) = (Some(frame), 0);
    while let Some(frame) = next.take() {
        gathered += frame.len();
        sink.feed(Message::Text(frame.into())).await?;
        next = if gathered < GATHER { ready(frames).await } else { None };
    }
    sink.flush().await
}

/// The next frame, if it is there already.
async fn ready(frames: &mut (impl Stream<Item = String> + Unpin)) -> Option<String> {
    tokio::select! {
        biased;
        frame = frames.next() => frame,
        () = std::future::ready(()) => None,
    }
}

fn closing(code: CloseCode, reason: &'static str) -> CloseFrame {
    CloseFrame { code, reason: reason.into() }
}

fn close_of(end: &CdpEnd) -> CloseFrame {
    match end {
        CdpEnd::Closed => closing(CloseCode::Normal, "closed by the client"),
        CdpEnd::SessionOver => closing(CloseCode::Away, "the session is over"),
        CdpEnd::TooSlow => closing(CloseCode::Library(4408), "the client reads too slowly"),
        CdpEnd::Unreadable(why) => {
            let why: String = why.chars().take(100).collect();
            CloseFrame { code: CloseCode::Policy, reason: why.into() }
        }
    }
}
