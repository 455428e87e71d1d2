//! All channels of a process: what they share, who may open one, and their common end.

use std::sync::Arc;

use capture_core::{
    Limits, Sessions,
    account::{Accounts, Tickets},
    browser::CdpClient,
    clock::Clock,
    shares::Pool,
    tasks::Tasks,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Duration,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::WebSocketConfig};
use uuid::Uuid;

use crate::{
    cdp, client::Client, codec::Codec, connection, crowd::Crowd, limits::ChannelLimits, splice, watched::Watched,
};

/// Bytes of frames that the channels of a user have not taken: three of the largest, and a queue's worth for each
/// channel.
const WAITING_OF_USER: usize = 64 << 20;
/// The same of all users.
const WAITING: usize = 512 << 20;

/// What channels need of the rest of the server.
#[derive(Clone)]
pub struct Shared {
    /// Names this process in a cluster; absent, a name is made.
    pub instance: Option<Arc<str>>,
    /// The verbs.
    pub sessions: Arc<dyn Sessions>,
    /// Whose secrets hold.
    pub accounts: Arc<dyn Accounts>,
    /// Where tickets are redeemed.
    pub tickets: Arc<dyn Tickets>,
    /// The clock sessions run on.
    pub clock: Clock,
    /// The numbers of sessions.
    pub session_limits: Limits,
    /// The numbers of channels.
    pub limits: ChannelLimits,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The channels of a process. Cloning is cheap.
#[derive(Clone)]
pub struct Channels {
    pub(crate) shared: Arc<Shared>,
    pub(crate) instance: Arc<str>,
    pub(crate) crowd: Arc<Crowd>,
    /// Frames that clients have not taken.
    pub(crate) waiting: Arc<Pool>,
    tasks: Tasks,
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channels").field("open", &self.open()).finish_non_exhaustive()
    }
}

impl Channels {
    /// No channels yet.
    pub fn new(shared: Shared) -> Self {
        let made = || format!("i_{}", Uuid::new_v4().simple()).into();
        let instance = shared.instance.clone().unwrap_or_else(made);
        let crowd = Arc::new(Crowd::new(&shared.limits));
        let waiting = Pool::new(WAITING_OF_USER, WAITING);
        Self { shared: Arc::new(shared), instance, crowd, waiting, tasks: Tasks::default() }
    }

    /// How sockets must be set up: small buffers, because most of them are idle.
    pub fn socket_config(&self) -> WebSocketConfig {
        let limits = &self.shared.limits;
        WebSocketConfig::default()
            .read_buffer_size(4 << 10)
            .write_buffer_size(4 << 10)
            .max_write_buffer_size(limits.server_frame_bytes + (1 << 20))
            .max_message_size(Some(limits.client_frame_bytes))
            .max_frame_size(Some(limits.client_frame_bytes))
    }

    /// Channels that are open.
    pub fn open(&self) -> usize {
        self.crowd.count()
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
        let channels = self.clone();
        self.tasks.spawn(async move {
            if let Some(socket) = socket.await {
                connection::run(channels, socket, codec, client).await;
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
        self.tasks.spawn(async move {
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
        self.tasks.spawn(async move {
            let Some(near) = near.await else { return };
            tokio::select! {
                () = splice::carry(near, far) => {}
                () = over => {}
            }
        });
    }

    /// Completes once the channels are to close because the server stops.
    pub(crate) async fn stopped(&self) {
        self.tasks.stopped().await;
    }

    /// Closes every channel with 1012 and waits for up to `grace`.
    pub async fn stop(&self, grace: Duration) {
        self.tasks.finish(grace).await;
    }
}
