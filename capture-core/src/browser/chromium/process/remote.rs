//! A browser elsewhere, whose WebSocket is presented as the pipe of a local browser.
//!
//! Each session has a connection and a context of its own. The browser is never closed, and its other pages are not
//! touched.

use std::{io, sync::Arc, time::Duration};

use futures::{SinkExt, StreamExt};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream},
    sync::watch,
    time::Instant,
};
use tokio_tungstenite::{
    Connector, WebSocketStream,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};

use crate::{
    browser::{Unavailable, chromium::config::Endpoint},
    tasks::Tasks,
    tls,
};

/// Bytes buffered between the WebSocket and our end; a writer waits while the buffer is full.
const BETWEEN: usize = 1 << 20;
/// Maximum bytes of a message. A larger one ends the connection, and with it one session.
const MAX_MESSAGE: usize = 256 << 20;
/// How long the closing handshake may take before the connection is cut.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// A connection to a browser elsewhere.
#[derive(Debug)]
pub(crate) struct Remote {
    cut: watch::Sender<bool>,
    gone: watch::Receiver<bool>,
    last_words: Arc<Mutex<String>>,
}

impl Remote {
    /// Connects. Our end of the connection carries messages terminated by NUL, as a browser's pipe does.
    pub(crate) async fn connect(
        endpoint: &Endpoint,
        deadline: Instant,
        tasks: &Tasks,
    ) -> Result<(Self, DuplexStream), Unavailable> {
        let unreachable = |source| Unavailable::Unreachable { endpoint: endpoint.to_string(), source };
        let tls = tls::client_trusting(&[]).map_or(Connector::Plain, Connector::Rustls);
        let bounds = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        let connecting =
            tokio_tungstenite::connect_async_tls_with_config(endpoint.as_str(), Some(bounds), true, Some(tls));
        let socket = match tokio::time::timeout_at(deadline, connecting).await {
            Ok(Ok((socket, _answer))) => socket,
            Ok(Err(error)) => return Err(unreachable(Arc::new(error))),
            Err(_elapsed) => {
                return Err(unreachable(Arc::new(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "it did not answer in time",
                ))));
            }
        };
        let (near, far) = tokio::io::duplex(BETWEEN);
        let (cut, mut is_cut) = watch::channel(false);
        let (done, gone) = watch::channel(false);
        let last_words = Arc::new(Mutex::new("it closed the connection".to_owned()));
        let told = Arc::clone(&last_words);
        tasks.spawn(async move {
            tokio::select! {
                carried = carry(socket, far) => {
                    if let Err(error) = carried {
                        *told.lock() = error.to_string();
                    }
                }
                _ = is_cut.wait_for(|cut| *cut) => {} // also completes when the sender is gone
            }
            done.send_replace(true);
        });
        Ok((Self { cut, gone, last_words }, near))
    }

    /// Completes once the connection is closed.
    pub(crate) async fn gone(&self) {
        let mut gone = self.gone.clone();
        let _ = gone.wait_for(|gone| *gone).await; // if its task is gone, so is the connection
    }

    /// Closes the connection at once.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Waits a bounded time for the closing handshake, then closes the connection.
    pub(crate) async fn end(&self) {
        if tokio::time::timeout(CLOSE_GRACE, self.gone()).await.is_err() {
            self.cut();
            self.gone().await;
        }
    }

    pub(crate) fn last_words(&self) -> String {
        self.last_words.lock().clone()
    }
}

/// Forwards messages in both directions until one side ends.
async fn carry<S>(socket: WebSocketStream<S>, far: DuplexStream) -> Result<(), tungstenite::Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut to_browser, mut from_browser) = socket.split();
    let (commands, mut replies) = tokio::io::split(far);
    let telling = async {
        let mut commands = BufReader::new(commands);
        loop {
            let mut command = Vec::new();
            if commands.read_until(0, &mut command).await? == 0 {
                return to_browser.close().await;
            }
            command.pop();
            let text = String::from_utf8(command).map_err(|error| io::Error::other(error.to_string()))?;
            to_browser.send(Message::text(text)).await?;
        }
    };
    let hearing = async {
        while let Some(message) = from_browser.next().await {
            let message = match message? {
                Message::Text(text) => text.into(),
                Message::Binary(bytes) => bytes,
                Message::Close(_) => return Ok(()),
                _ => continue,
            };
            replies.write_all(&message).await?;
            replies.write_all(&[0]).await?;
        }
        Ok(())
    };
    tokio::select! {
        told = telling => told,
        heard = hearing => heard,
    }
}
