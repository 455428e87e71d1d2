//! All channels of a process: opening them, counting them and closing them together.
//!
//! Knows nothing of what travels on a channel.

use capture_core::browser::CdpClient;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Duration,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::WebSocketConfig};

use crate::{
    cdp,
    client::Client,
    codec::Codec,
    connection,
    shared::{Common, Shared},
    splice,
    watched::Watched,
};

/// All channels of a process. Clones share them.
#[derive(Clone)]
pub struct Channels {
    common: Common,
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channels").field("open", &self.open()).finish_non_exhaustive()
    }
}

impl Channels {
    /// An instance without open channels.
    pub fn new(shared: Shared) -> Self {
        Self { common: Common::new(shared) }
    }

    /// The configuration of channel sockets. Buffers are small because most channels are idle.
    pub fn socket_config(&self) -> WebSocketConfig {
        let limits = &self.common.shared.limits;
        WebSocketConfig::default()
            .read_buffer_size(4 << 10)
            .write_buffer_size(4 << 10)
            .max_write_buffer_size(limits.server_frame_bytes + (1 << 20))
            .max_message_size(Some(limits.client_frame_bytes))
            .max_frame_size(Some(limits.client_frame_bytes))
    }

    /// The number of open channels.
    pub fn open(&self) -> usize {
        self.common.connections.count()
    }

    /// Runs one channel to its end in a background task. `socket` yields the connection once its upgrade is through.
    pub fn run<IO>(
        &self,
        socket: impl Future<Output = Option<WebSocketStream<IO>>> + Send + 'static,
        codec: Codec,
        client: Client,
    ) where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let common = self.common.clone();
        self.common.tasks.spawn(async move {
            if let Some(socket) = socket.await {
                connection::run(common, socket, codec, client).await;
            }
        });
    }

    /// Passes a CDP client's text frames on in a background task, until one side ends, the client's credential is
    /// `revoked`, or the server stops.
    pub fn run_cdp<IO>(
        &self,
        socket: impl Future<Output = Option<WebSocketStream<Watched<IO>>>> + Send + 'static,
        client: CdpClient,
        revoked: impl Future<Output = ()> + Send + 'static,
    ) where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.common.tasks.spawn(async move {
            if let Some(socket) = socket.await {
                cdp::run(socket, client, revoked).await;
            }
        });
    }

    /// Passes bytes between two connections in a background task, until one of them ends or `over` completes.
    pub fn run_splice<A, B>(
        &self,
        near: impl Future<Output = Option<A>> + Send + 'static,
        far: B,
        over: impl Future<Output = ()> + Send + 'static,
    ) where
        A: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        B: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.common.tasks.spawn(async move {
            let Some(near) = near.await else { return };
            tokio::select! {
                () = splice::carry(near, far) => {}
                () = over => {}
            }
        });
    }

    /// Closes every channel with code 1012 and waits for their tasks for up to `grace`.
    pub async fn stop(&self, grace: Duration) {
        self.common.tasks.finish(grace).await;
    }
}
