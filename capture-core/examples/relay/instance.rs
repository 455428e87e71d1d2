//! Instances with simulated pages on a Redis of their own.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use capture_core::{
    Caller, Engine, Limits, Sessions,
    account::{Account, Accounts, Secret},
    action::{self, Action},
    browser::simulated::Simulated,
    cluster::{Cluster, RedisLink},
    ledger::{
        Ledger,
        redis::{InstanceId, RedisLedger},
    },
    session::{SessionId, SessionOptions},
};
use serde_json::json;
use tempfile::TempDir;

pub(crate) struct Instance {
    pub(crate) engine: Engine,
    pub(crate) cluster: Cluster,
}

/// A `redis-server` that persists its data.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    dir: TempDir,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.end();
    }
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = TempDir::new().unwrap();
        let redis = Self { child: launch(port, &dir), port, dir };
        redis.listens().await;
        redis
    }

    /// Kills the server and starts it again with its data.
    pub(crate) async fn restart(&mut self) {
        self.end();
        self.child = launch(self.port, &self.dir);
        self.listens().await;
    }

    /// Cuts every connection of a type (`normal`, `pubsub`).
    pub(crate) fn cut(&self, kind: &str) {
        let client = redis::Client::open(url(self.port)).unwrap();
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg(kind).exec(&mut client.get_connection().unwrap()).unwrap();
    }

    async fn listens(&self) {
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(port: u16, dir: &TempDir) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--dir"]);
    command.arg(dir.path()).stdout(Stdio::null()).spawn().expect("redis-server is installed")
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

/// Starts an instance on the Redis of this port, and waits until it is ready.
pub(crate) async fn instance(port: u16) -> Instance {
    let me = InstanceId::new();
    let link = Arc::new(RedisLink::new(&url(port), "capture", me.clone()).unwrap());
    let ledger = Arc::new(RedisLedger::new(Arc::clone(&link) as _, me));
    ledger.recover().await.unwrap();
    let account = Account::new("ann".parse().unwrap(), Secret::chosen("s").hash());
    let _ = ledger.add(account).await; // the second instance finds that the account exists
    let limits = Limits { sessions_per_user: 1_000, max_sessions: 1_000, ..Limits::default() };
    let builder = Engine::builder().limits(limits).backend(Simulated::default());
    let engine = builder.ledger(Arc::clone(&ledger)).build().await.unwrap();
    let cluster = Cluster::join(engine.clone(), ledger, link);
    while cluster.readiness().is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Instance { engine, cluster }
}

pub(crate) fn ann() -> Caller {
    Caller::user("ann".parse().unwrap())
}

pub(crate) fn title() -> Action {
    action::parse(&json!({"type": "title"})).unwrap()
}

pub(crate) async fn create(at: &Cluster) -> SessionId {
    let options = SessionOptions::with_ttl(Duration::from_secs(600));
    at.create(ann(), options, None).await.unwrap().session.id
}
