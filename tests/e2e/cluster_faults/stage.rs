//! The targets of a fault: an instance with the browser, one that clients connect to, and a real Redis behind an
//! address that the test controls.

use std::{sync::Arc, time::Duration};

use capture_tests::{Client, Forwarder, Redis, Server, Site};
use parking_lot::RwLock;

/// Concurrent sessions of a user.
pub(super) const LIMIT: usize = 4;
/// Initial credits of a user.
pub(super) const CREDITS: u64 = 1_000;
/// Seconds for which a draining instance lets its sessions go on.
const DRAIN: &str = "3";
/// A lease and a heartbeat, after which an instance settles the sessions of others.
pub(super) const MAY_JUDGE: Duration = Duration::from_secs(12);

pub(super) struct Stage {
    pub(super) redis: Redis,
    /// The server that takes over when Redis fails over.
    pub(super) replica: Option<Redis>,
    pub(super) way: Forwarder,
    pub(super) owner: Option<Server>,
    pub(super) gateway: Option<Server>,
    pub(super) front: Arc<Front>,
    pub(super) site: Site,
}

/// The address of the cluster for clients, which stays while instances are replaced.
#[derive(Debug)]
pub(super) struct Front {
    base: RwLock<String>,
    /// The token of this round's user.
    token: RwLock<String>,
}

impl Front {
    pub(super) fn client(&self) -> Client {
        Client::new(&self.base.read(), &self.token.read())
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        self.base.read().trim_start_matches("http://").to_owned()
    }

    pub(super) fn moved_to(&self, server: &Server) {
        server.base().clone_into(&mut self.base.write());
    }
}

impl Stage {
    pub(super) async fn set() -> Self {
        let redis = Redis::start_durable().await;
        let way = Forwarder::start(redis.port()).await;
        let url = format!("redis://127.0.0.1:{}", way.port());
        let owner = Server::start_with(&owner_flags(&url)).await;
        let gateway = Server::start_with(&gateway_flags(&url)).await;
        let front = Arc::new(Front { base: RwLock::new(gateway.base().to_owned()), token: RwLock::default() });
        let site = Site::start().await;
        Self { redis, replica: None, way, owner: Some(owner), gateway: Some(gateway), front, site }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.way.port())
    }

    pub(super) fn owner(&self) -> &Server {
        self.owner.as_ref().unwrap()
    }

    pub(super) fn gateway(&self) -> &Server {
        self.gateway.as_ref().unwrap()
    }

    /// Adds a user, whose token all clients use from now on.
    pub(super) async fn enter(&self, name: &str) {
        let (limit, credits) = (LIMIT.to_string(), CREDITS.to_string());
        let options = ["--redis-url", &self.url(), "--credits", &credits, "--max-sessions", &limit];
        *self.front.token.write() = self.gateway().folder().add_user(name, &options).await;
    }

    /// Starts another owner in place of one that is gone.
    pub(super) async fn start_owner(&mut self) {
        self.owner = Some(Server::start_with(&owner_flags(&self.url())).await);
    }

    /// Starts another gateway, and directs clients to it.
    pub(super) async fn start_gateway(&mut self) {
        let gateway = Server::start_with(&gateway_flags(&self.url())).await;
        self.front.moved_to(&gateway);
        self.gateway = Some(gateway);
    }

    /// Fails with the reason unless both instances are ready.
    pub(super) async fn ready(&self) -> Result<(), String> {
        for server in [self.gateway(), self.owner()] {
            let told = server.client("").get("/readyz").await;
            if told.status != 200 {
                return Err(told.body.to_string());
            }
        }
        Ok(())
    }

    pub(super) async fn leave(self) {
        self.gateway.unwrap().stop().await;
        self.owner.unwrap().stop().await;
        let left = self.redis.ask(&["ZCARD", "capture:instances"]).await;
        assert_eq!(left.trim(), ":0", "instances take their leave");
    }
}

fn owner_flags(url: &str) -> [&str; 6] {
    ["--redis-url", url, "--drain-seconds", DRAIN, "--browser-warm-pages", "1"]
}

fn gateway_flags(url: &str) -> [&str; 4] {
    ["--redis-url", url, "--max-sessions", "0"]
}
