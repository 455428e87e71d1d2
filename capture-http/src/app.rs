//! The state that handlers share, assembled once. This is the only file of the edge that sees the concrete engine.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use capture_core::{
    Engine, Error, ErrorCode, Limits, Sessions,
    account::{Accounts, ConnectKey, ConnectKeys, MemoryTickets, SigningSecrets, Tickets},
    clock::{Clock, Timestamp},
    cluster::{self, Cluster},
    egress::Guard,
    engine,
};
use capture_ws::{Channels, Shared, limits::ChannelLimits};
use url::Url;

use crate::{
    batch::Batches,
    client_address::TrustedProxies,
    disk::{Folders, NoRoom},
    presets::Presets,
    render::{DiskCache, RenderCache},
    render_cache_settings::RenderCacheSettings,
    storage::{StorageSettings, Stores},
    throttle::Throttle,
};

/// Parts that all instances of a cluster share, and that a single server has for itself.
type OfAll = (Arc<dyn Sessions>, Arc<dyn Tickets>, Arc<dyn ConnectKeys>);
type Readiness = dyn Fn() -> Result<(), NotReady> + Send + Sync;

/// Why this server can be given no work now.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum NotReady {
    /// The engine of a server without a cluster.
    #[error(transparent)]
    Engine(#[from] engine::NotReady),
    /// The instance of a cluster.
    #[error(transparent)]
    Cluster(#[from] cluster::NotReady),
    /// A new session needs more room than a disk has.
    #[error(transparent)]
    Disk(#[from] NoRoom),
}

/// What the operator decides about the edge.
#[derive(Debug, Clone, Default)]
pub struct EdgeSettings {
    /// The address by which clients reach this server, where it differs from the address it listens on.
    pub public_url: Option<Url>,
    /// Answer only requests whose `Host` is localhost, an IP literal or the host of `public_url`; all others get 403.
    /// For a server on loopback: a page of another site whose name resolves to it (DNS rebinding) must not reach it.
    pub local_only: bool,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Origins, besides the server's own, whose pages may open channels.
    pub stream_origins: Vec<Url>,
    /// The limits of channels.
    pub channels: ChannelLimits,
    /// The token that the demo page signs in with, on a server that is open to everyone on this machine.
    pub demo_token: Option<String>,
    /// Folders that need free disk space: without it no session can be created, and the server is not ready.
    pub folders: Folders,
    /// The secrets with which clients may sign addresses and bodies.
    pub signing: SigningSecrets,
    /// Named sets of parameters for renders.
    pub presets: Presets,
    /// The networks from which pages reach the network, as `/ip-ranges.json` lists them.
    pub ip_ranges: Vec<String>,
    /// The cache of renders.
    pub render_cache: RenderCacheSettings,
    /// Where results are stored.
    pub storage: StorageSettings,
    /// The folder of batches and, without a bucket, of their results; `None` means that no batch is accepted.
    pub data_dir: Option<PathBuf>,
    /// Through which notifications are sent; `None` means that there are none.
    pub guard: Option<Guard>,
}

/// The state that handlers share. Built once, then only read.
pub struct App {
    sessions: Arc<dyn Sessions>,
    accounts: Arc<dyn Accounts>,
    clock: Clock,
    limits: Limits,
    readiness: Arc<Readiness>,
    settings: EdgeSettings,
    throttle: Throttle,
    tickets: Arc<dyn Tickets>,
    connect_keys: Arc<dyn ConnectKeys>,
    channels: Channels,
    renders: RenderCache,
    stores: Stores,
    batches: Batches,
}

impl App {
    /// The edge of this engine. `accounts` are those that the engine's ledger charges. With a cluster, the engine is
    /// its instance on this machine.
    ///
    /// # Errors
    /// The operating system returns no random bytes, the folder of batches cannot be used, or the
    /// bucket cannot.
    pub fn new(
        engine: &Engine,
        accounts: Arc<dyn Accounts>,
        cluster: Option<&Cluster>,
        settings: EdgeSettings,
    ) -> Result<Self, Error> {
        let connect_key = ConnectKey::generate().map_err(Error::internal)?;
        let (judged, joined) = (engine.clone(), cluster.cloned());
        // The only place that decides between one instance and many.
        let (sessions, tickets, connect_keys): OfAll = match cluster {
            None => (Arc::new(engine.clone()), Arc::new(MemoryTickets::default()), Arc::new(connect_key)),
            Some(cluster) => {
                (Arc::new(cluster.clone()), Arc::clone(cluster.ledger()) as _, Arc::clone(cluster.ledger()) as _)
            }
        };
        let channels = Channels::new(Shared {
            instance: cluster.map(|cluster| cluster.instance().to_string().into()),
            sessions: Arc::clone(&sessions),
            accounts: Arc::clone(&accounts),
            tickets: Arc::clone(&tickets),
            clock: engine.clock(),
            session_limits: engine.limits().clone(),
            limits: settings.channels.clone(),
        });
        let folder = |name: &str| settings.data_dir.as_ref().map(|dir| dir.join(name));
        let RenderCacheSettings { bytes, disk_bytes, ttl } = settings.render_cache;
        let results = folder("render-cache").filter(|_| disk_bytes > 0);
        let results = results.map(|folder| DiskCache::new(Stores::results(folder, disk_bytes)));
        let renders = RenderCache::new(bytes, ttl, results);
        let unusable = |what: &'static str| {
            move |error: &dyn std::error::Error| {
                Error::new(ErrorCode::Internal, format!("the {what} cannot be used: {error}"))
            }
        };
        let batches = folder("batches");
        let batches = Batches::open(batches.as_deref()).map_err(|error| unusable("folder of batches")(&error))?;
        let stores = Stores::open(&settings.storage, folder("renders"));
        let stores = stores.map_err(|error| unusable("bucket")(&error))?;
        Ok(Self {
            sessions,
            accounts,
            clock: engine.clock(),
            limits: engine.limits().clone(),
            readiness: Arc::new(move || match &joined {
                None => Ok(judged.readiness()?),
                Some(cluster) => Ok(cluster.readiness()?),
            }),
            settings,
            throttle: Throttle::default(),
            tickets,
            connect_keys,
            channels,
            renders,
            stores,
            batches,
        })
    }

    /// The operations on sessions.
    pub(crate) fn sessions(&self) -> &dyn Sessions {
        &*self.sessions
    }

    /// The accounts that may use them.
    pub(crate) fn accounts(&self) -> &dyn Accounts {
        &*self.accounts
    }

    /// The wall time now, from the clock of the sessions.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The limits of sessions.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether sessions can be created now; if not, the error names the reason.
    pub(crate) fn readiness(&self) -> Result<(), NotReady> {
        (self.readiness)()?;
        Ok(self.settings.folders.room()?)
    }

    /// What the operator decided about the edge.
    pub(crate) fn settings(&self) -> &EdgeSettings {
        &self.settings
    }

    /// Where tickets for channels are issued.
    pub(crate) fn tickets(&self) -> &dyn Tickets {
        &*self.tickets
    }

    /// The keys that sign connect tokens.
    pub(crate) fn connect_keys(&self) -> &Arc<dyn ConnectKeys> {
        &self.connect_keys
    }

    /// The clock of the sessions.
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// The open channels.
    pub fn channels(&self) -> &Channels {
        &self.channels
    }

    /// The results of renders that are kept.
    pub(crate) fn renders(&self) -> &RenderCache {
        &self.renders
    }

    /// Where results are stored.
    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// The batches of this server.
    pub(crate) fn batches(&self) -> &Batches {
        &self.batches
    }

    /// Begins no further jobs of batches. Those under way go on; the others are done after the next start.
    pub fn stop_batches(&self) {
        self.batches.stop();
    }

    /// Whether jobs of batches, or renders that are made or stored, are under way.
    pub fn has_renders_under_way(&self) -> bool {
        self.batches.alive() + self.renders.alive() > 0
    }

    /// Waits until no job of a batch and no render is under way, at most this long.
    pub async fn finish_renders(&self, grace: Duration) {
        tokio::join!(self.batches.finish(grace), self.renders.finish_all(grace));
    }

    /// The record of failed authentications.
    pub(crate) fn throttle(&self) -> &Throttle {
        &self.throttle
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("limits", &self.limits).field("settings", &self.settings).finish_non_exhaustive()
    }
}
