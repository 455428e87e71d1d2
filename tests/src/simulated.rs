//! The server inside this process, with simulated pages, for tests that need many sessions or exact timing and no
//! browser.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_core::{
    Engine, Limits,
    account::{Account, Accounts, Secret},
    browser::{Absent, simulated::Simulated},
    cluster::{Cluster, RedisLink},
    ledger::{
        Ledger, MemoryLedger,
        redis::{InstanceId, RedisLedger},
    },
    tasks::Tasks,
};
use capture_http::{App, EdgeSettings, client_address::TrustedProxies, router, server};
use capture_ws::{Channels, codec::Codec, limits::ChannelLimits};
use tokio::net::TcpListener;

use crate::{Channel, Client, Redis, shape, until};

/// How long two instances may take to connect to each other.
const START: Duration = Duration::from_secs(60);

/// A server with one user, `ann`, whose number of sessions is not limited.
#[derive(Debug)]
pub struct SimulatedServer {
    address: SocketAddr,
    /// The engine of the server.
    pub engine: Engine,
    /// The channels of the server.
    pub channels: Channels,
    /// The task of the server, and what stops it.
    serving: Tasks,
    stopped: Tasks,
    /// The instance that clients connect to and the Redis it shares with the engine, if these are separate instances.
    between: Option<(Cluster, Engine, Redis)>,
}

impl SimulatedServer {
    /// Starts a server on a free port.
    pub async fn start(browser: Simulated, channels: ChannelLimits) -> Self {
        let limits = Limits { sessions_per_user: 100_000, max_sessions: 100_000, ..Limits::default() };
        let settings = EdgeSettings { channels, ..EdgeSettings::default() };
        let builder = Engine::builder().limits(limits.clone()).backend(browser);
        let ann = Account::new("ann".parse().unwrap(), Secret::chosen("secret").hash());
        let (engine, app, between) = if shape().is_some() {
            let redis = Redis::start().await;
            let (owner, ledger) = shared(&redis);
            ledger.recover().await.unwrap();
            ledger.add(ann).await.unwrap();
            let engine = builder.ledger(Arc::clone(&ledger)).build().await.unwrap();
            let owner = Cluster::join(engine.clone(), ledger, owner);
            let (link, ledger) = shared(&redis);
            let limits = Limits { max_sessions: 0, ..limits };
            let relay =
                Engine::builder().limits(limits).backend(Absent).ledger(Arc::clone(&ledger)).build().await.unwrap();
            let cluster = Cluster::join(relay.clone(), Arc::clone(&ledger), link);
            until("instances hear each other", START, async || {
                cluster.readiness().is_ok() && owner.readiness().is_ok()
            })
            .await;
            (engine, App::new(&relay, ledger, Some(&cluster), settings).unwrap(), Some((cluster, relay, redis)))
        } else {
            let ledger = Arc::new(MemoryLedger::new());
            ledger.add(ann).await.unwrap();
            let engine = builder.ledger(Arc::clone(&ledger)).build().await.unwrap();
            (engine.clone(), App::new(&engine, ledger, None, settings).unwrap(), None)
        };
        let app = Arc::new(app);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (serving, stopped) = (Tasks::default(), Tasks::default());
        let (channels, open) = (app.channels().clone(), app.channels().clone());
        let stop = stopped.clone();
        serving.spawn(async move {
            server::serve(
                listener,
                router(app),
                TrustedProxies::default(),
                async move { stop.stopped().await },
                Duration::from_secs(1),
            )
            .await;
            open.stop(Duration::from_secs(1)).await;
        });
        Self { address, engine, channels, serving, stopped, between }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The bearer token of `ann`.
    pub fn token() -> String {
        STANDARD.encode("ann:secret")
    }

    /// A REST client of `ann`.
    pub fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address), &Self::token())
    }

    /// A channel of `ann`.
    pub async fn channel(&self, codec: Codec) -> Channel {
        Channel::open(&self.address(), &Self::token(), codec).await
    }

    /// Stops the server.
    pub async fn stop(self) {
        self.engine.shutdown(Duration::ZERO).await;
        if let Some((cluster, relay, _redis)) = &self.between {
            relay.shutdown(Duration::ZERO).await;
            cluster.leave().await;
        }
        self.stopped.stop();
        assert_eq!(self.serving.finish(Duration::from_secs(5)).await, 0, "the server ends");
    }
}

/// The link and the ledger of a cluster instance on this Redis.
pub fn shared(redis: &Redis) -> (Arc<RedisLink>, Arc<RedisLedger>) {
    let me = InstanceId::new();
    let link = Arc::new(RedisLink::new(&redis.url(), "capture", me.clone()).unwrap());
    let ledger = Arc::new(RedisLedger::new(Arc::clone(&link) as _, me));
    (link, ledger)
}
