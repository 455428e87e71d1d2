//! A WebSocket for a CDP client: texts go in and out as they are.
//!
//! Knows nothing of the protocol. A client that is not read from waits; one that does not read is given up by the bridge.

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

use crate::watched::{Traffic, Watched};

/// Largest command of a client. Puppeteer and Playwright send none of a thousandth of it.
const MAX_MESSAGE: usize = 100 * 1024 * 1024;
/// Frames are gathered into one write up to about this size.
const GATHER: usize = 64 << 10;
/// In each of these a client takes something of what is written to it, or it is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The least of it: one that takes a byte at a time is as good as one that takes none.
const PROGRESS: u64 = 64 << 10;
/// Between two looks at a client that does not take what is written to it, or does not send what it began to.
const LOOK: Duration = Duration::from_secs(1);
/// How long the last words may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// The same for a client that is not waited for.
const LAST_WORD: Duration = Duration::from_millis(100);

/// How a socket for a CDP client must be set up.
fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(64 << 10)
        .write_buffer_size(GATHER)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// A WebSocket for a CDP client over a connection that was upgraded.
pub async fn accept<IO: AsyncRead + AsyncWrite + Unpin>(io: IO) -> WebSocketStream<Watched<IO>> {
    WebSocketStream::from_raw_socket(Watched::new(io), Role::Server, Some(socket_config())).await
}

/// Carries a client's texts until one side ends, or the client's credential is revoked.
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
                    // What was answered before the end is still written.
                    let _ = tokio::time::timeout(GOODBYE, writing.as_mut()).await; // it reads no more
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
    let _ = tokio::time::timeout(patience, sink.send(Message::Close(Some(goodbye)))).await; // gone already
    if in_vain {
        return; // what it sent or did not read goes with the connection, now
    }
    // Dropped with bytes unread the connection would be reset, and our close lost.
    let _ = tokio::time::timeout(GOODBYE, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

/// Completes when the client holds what it may not, or does not go on with what it began; with what it is told.
async fn not_to_be_waited_for(traffic: &Traffic, shares: Option<&CdpShares>) -> CloseFrame {
    tokio::select! {
        () = late(traffic) => closing(CloseCode::Policy, "a command was begun and not sent to its end"),
        frame = too_many(shares) => frame,
    }
}

/// Completes when a message was begun and takes too long.
async fn late(traffic: &Traffic) {
    while !traffic.is_late(Instant::now()) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Completes when the client has to give way to others, with what it is told.
async fn too_many(shares: Option<&CdpShares>) -> CloseFrame {
    let Some(shares) = shares else { return std::future::pending().await };
    tokio::select! {
        () = shares.incoming.gives_way() => closing(CloseCode::Again, "too many bytes of commands are on their way"),
        () = shares.outgoing.gives_way() => closing(CloseCode::Library(4408), "the client reads too slowly"),
    }
}

/// Takes commands until the client leaves, or says why it is over.
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

/// Writes what a client is told.
struct Writer<'a> {
    traffic: &'a Traffic,
    shares: Option<&'a CdpShares>,
    commands: &'a dyn CdpCommands,
}

impl Writer<'_> {
    /// Writes frames until there are no more; false when the client takes them no longer.
    async fn write_all(
        &self,
        sink: &mut (impl Sink<Message, Error = Error> + Unpin),
        frames: &mut (impl Stream<Item = String> + Unpin),
    ) -> bool {
        while let Some(frame) = frames.next().await {
            let mut length = 0;
            let written = self.while_it_reads(write(sink, frame, frames, &mut length)).await;
            if let Some(shares) = self.shares {
                shares.outgoing.subtract(length);
            }
            if !written {
                return false;
            }
        }
        true
    }

    /// Whether the writing came to its end: not when the client takes too little of it, or nothing and the session is
    /// over.
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
                return false; // nobody waits for it
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
}

/// Writes a frame, with those that are there already, and adds up their bytes.
async fn write(
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    frame: String,
    frames: &mut (impl Stream<Item = String> + Unpin),
    gathered: &mut usize,
) -> Result<(), Error> {
    let mut next = Some(frame);
    while let Some(frame) = next.take() {
        *gathered += frame.len();
        sink.feed(Message::Text(frame.into())).await?;
        next = if *gathered < GATHER { ready(frames).await } else { None };
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
        CdpEnd::PageClosed => closing(CloseCode::Normal, "the page was closed"),
        CdpEnd::SessionOver => closing(CloseCode::Away, "the session is over"),
        CdpEnd::TooSlow => closing(CloseCode::Library(4408), "the client reads too slowly"),
        CdpEnd::Unreadable(why) => {
            let why: String = why.chars().take(100).collect();
            CloseFrame { code: CloseCode::Policy, reason: why.into() }
        }
    }
}
