//! All channels of a process: how one is opened, and their common end.

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

/// The channels of a process. Cloning is cheap.
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
    /// No channels yet.
    pub fn new(shared: Shared) -> Self {
        Self { common: Common::new(shared) }
    }

    /// How sockets must be set up: small buffers, because most of them are idle.
    pub fn socket_config(&self) -> WebSocketConfig {
        let limits = &self.common.shared.limits;
        WebSocketConfig::default()
            .read_buffer_size(4 << 10)
            .write_buffer_size(4 << 10)
            .max_write_buffer_size(limits.server_frame_bytes + (1 << 20))
            .max_message_size(Some(limits.client_frame_bytes))
            .max_frame_size(Some(limits.client_frame_bytes))
    }

    /// Channels that are open.
    pub fn open(&self) -> usize {
        self.common.connections.count()
    }

    /// Runs one channel to its end, in the background. `socket` brings the connection, once its upgrade is through.
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

    /// Carries a CDP client's texts, in the background, until one side ends, the client's credential is `revoked`, or
    /// the server stops.
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

    /// Carries bytes between two connections, in the background, until one of them ends or `over` completes.
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

    /// Closes every channel with 1012 and waits for up to `grace`.
    pub async fn stop(&self, grace: Duration) {
        self.common.tasks.finish(grace).await;
    }
}
