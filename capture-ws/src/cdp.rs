//! The WebSocket of a CDP client: text frames pass in both directions unchanged.
//!
//! Owns the frame limits and the deadlines of the socket. Knows nothing of the CDP protocol. A client that sends faster
//! than the browser takes commands is read more slowly; a client that does not read its frames is disconnected by the
//! bridge.

use std::sync::Arc;

use capture_core::browser::{CdpClient, CdpCommands, CdpEnd, CdpShares};
use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Duration, Instant},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        error::{CapacityError, Error},
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::{
    large::Large,
    watched::{Traffic, Watched},
};

/// Largest command of a client, in bytes. The largest that Puppeteer and Playwright send is below a thousandth of it.
const MAX_MESSAGE: usize = 100 * 1024 * 1024;
/// Frames are gathered into one write up to about this many bytes.
const GATHER: usize = 64 << 10;
/// Frames from this many bytes on are written past the WebSocket, which would copy and move them.
const LARGE: usize = 256 << 10;
/// The window in which a client must take [`PROGRESS`] bytes of what is written to it; otherwise it is disconnected.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes a client must take in each [`WRITE_TIMEOUT`]: one that takes a byte at a time is no better than one that takes
/// none.
const PROGRESS: u64 = 64 << 10;
/// Interval between two checks for clients that do not read, or that do not finish a message they began.
const LOOK: Duration = Duration::from_secs(1);
/// How long sending the remaining frames and the close frame may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long the close frame may take for a client that was found too slow.
const LAST_WORD: Duration = Duration::from_millis(100);

/// The configuration of a CDP client's socket.
fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(64 << 10)
        .write_buffer_size(GATHER)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// A server-side WebSocket for a CDP client, over a connection that was upgraded.
pub async fn accept<IO: AsyncRead + AsyncWrite + Unpin>(io: IO) -> WebSocketStream<Watched<IO>> {
    WebSocketStream::from_raw_socket(Watched::new(io), Role::Server, Some(socket_config())).await
}

/// Passes a client's text frames on until one side ends, or the client's credential is revoked.
pub(crate) async fn run<IO>(socket: WebSocketStream<Watched<IO>>, client: CdpClient, revoked: impl Future<Output = ()>)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
{
    let CdpClient { commands, mut frames, shares } = client;
    let traffic = socket.get_ref().traffic();
    if let Some(shares) = &shares {
        traffic.count(Arc::clone(&shares.incoming));
    }
    let (mut sink, mut stream) = socket.split();
    let mut in_vain = false;
    let goodbye = {
        let writer = Writer { traffic: &traffic, shares: shares.as_ref(), commands: &*commands };
        let mut writing = std::pin::pin!(writer.write_all(&mut sink, &mut frames));
        tokio::select! {
            read = read_all(&mut stream, &*commands, &traffic) => {
                if read.as_ref().is_err_and(|frame| frame.code == CloseCode::Normal) {
                    // Answers that arrived before the end are still written.
                    // a client that does not read them loses them
                    let _ = tokio::time::timeout(GOODBYE, writing.as_mut()).await;
                }
                read.err()
            }
            written = writing.as_mut() => written.then(|| close_of(&commands.ended())),
            frame = not_to_be_waited_for(&traffic, shares.as_ref()) => {
                in_vain = true;
                Some(frame)
            }
            () = revoked => Some(closing(CloseCode::Policy, "the credential was revoked")),
        }
    };
    drop((commands, frames, shares));
    let goodbye = goodbye.unwrap_or_else(|| closing(CloseCode::Normal, ""));
    let patience = if in_vain { LAST_WORD } else { GOODBYE };
    // The client may be gone already.
    let _ = tokio::time::timeout(patience, sink.send(Message::Close(Some(goodbye)))).await;
    if in_vain {
        return; // dropping the connection discards what is still unread on either side
    }
    // A connection dropped with unread bytes would be reset, and the client would lose our close frame.
    let _ = tokio::time::timeout(GOODBYE, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

/// Completes with a close frame when the client exceeds its share of buffered bytes, or does not finish a message it
/// began.
async fn not_to_be_waited_for(traffic: &Traffic, shares: Option<&CdpShares>) -> CloseFrame {
    tokio::select! {
        () = late(traffic) => closing(CloseCode::Policy, "a command was begun and not sent to its end"),
        frame = too_many(shares) => frame,
    }
}

/// Completes when a message that was begun is overdue.
async fn late(traffic: &Traffic) {
    while !traffic.is_late(Instant::now()) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Completes with a close frame when the client holds too large a share of the buffered bytes.
async fn too_many(shares: Option<&CdpShares>) -> CloseFrame {
    let Some(shares) = shares else { return std::future::pending().await };
    tokio::select! {
        () = shares.incoming.gives_way() => closing(CloseCode::Again, "too many bytes of commands are on their way"),
        () = shares.outgoing.gives_way() => closing(CloseCode::Library(4408), "the client reads too slowly"),
    }
}

/// Passes commands on until the client leaves, or returns the close frame for what it did wrong.
async fn read_all(
    stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    commands: &dyn CdpCommands,
    traffic: &Traffic,
) -> Result<(), CloseFrame> {
    while let Some(message) = stream.next().await {
        match message {
            Ok(Message::Text(text)) => {
                traffic.arrived();
                commands.send(&text).await.map_err(|end| close_of(&end))?;
                traffic.whole();
            }
            Ok(Message::Binary(_)) => return Err(closing(CloseCode::Unsupported, "commands are text")),
            Ok(Message::Close(_)) => return Ok(()),
            Ok(control) => traffic.control(control.len()),
            Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                return Err(closing(CloseCode::Size, "a command is longer than 100 MiB"));
            }
            Err(_gone) => return Ok(()),
        }
    }
    Ok(())
}

/// Writes frames to a client.
struct Writer<'a> {
    traffic: &'a Traffic,
    shares: Option<&'a CdpShares>,
    commands: &'a dyn CdpCommands,
}

impl Writer<'_> {
    /// Writes frames until the stream ends. Returns false when the client does not take them in time.
    async fn write_all(
        &self,
        sink: &mut (impl Sink<Message, Error = Error> + Unpin),
        frames: &mut (impl Stream<Item = String> + Unpin),
    ) -> bool {
        while let Some(frame) = frames.next().await {
            let mut length = 0;
            let written = self.while_it_reads(self.write(sink, frame, frames, &mut length)).await;
            if let Some(shares) = self.shares {
                shares.outgoing.subtract(length);
            }
            if !written {
                return false;
            }
        }
        true
    }

    /// Whether the writing finished. It is abandoned when the client takes too little of it, or takes nothing while the
    /// session has ended.
    async fn while_it_reads(&self, writing: impl Future<Output = Result<(), Error>>) -> bool {
        let (mut writing, mut looks) = (std::pin::pin!(writing), tokio::time::interval_at(Instant::now() + LOOK, LOOK));
        let (mut window, mut before, mut last) = (Instant::now(), self.traffic.written(), self.traffic.written());
        loop {
            tokio::select! {
                written = writing.as_mut() => return written.is_ok(),
                _ = looks.tick() => {}
            }
            let written = self.traffic.written();
            if written == last && self.commands.is_over() {
                return false; // the session has ended, so the frames have lost their purpose
            }
            last = written;
            if window.elapsed() >= WRITE_TIMEOUT {
                if written - before < PROGRESS {
                    return false;
                }
                (window, before) = (Instant::now(), written);
            }
        }
    }

    /// Writes a frame and those that are ready behind it, and adds their bytes to the count.
    async fn write(
        &self,
        sink: &mut (impl Sink<Message, Error = Error> + Unpin),
        frame: String,
        frames: &mut (impl Stream<Item = String> + Unpin),
        gathered: &mut usize,
    ) -> Result<(), Error> {
        let mut next = Some(frame);
        while let Some(frame) = next.take() {
            *gathered += frame.len();
            if frame.len() < LARGE {
                sink.feed(Message::Text(frame.into())).await?;
            } else {
                sink.flush().await?;
                self.traffic.next(Large::text(frame)?);
            }
            next = if *gathered < GATHER { ready(frames).await } else { None };
        }
        sink.flush().await
    }
}

/// The next frame, if one is ready.
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
        CdpEnd::PageClosed => closing(CloseCode::Normal, "the page was closed"),
        CdpEnd::SessionOver => closing(CloseCode::Away, "the session is over"),
        CdpEnd::TooSlow => closing(CloseCode::Library(4408), "the client reads too slowly"),
        CdpEnd::Unreadable(why) => {
            let why: String = why.chars().take(100).collect();
            CloseFrame { code: CloseCode::Policy, reason: why.into() }
        }
    }
}
