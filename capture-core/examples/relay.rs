//! What the relay between two instances costs: `cargo run --release -p capture-core --features redis --example relay`.
//!
//! Two engines with simulated pages on a Redis of their own (`redis-server` must be installed). Prints how long an action takes
//! here and through the other instance, how many events a second reach followers there, and how soon a dead instance's session
//! is settled and a lost subscription is back.
#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a measurement, not a server")]

use std::{
    net::TcpListener,
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
use tokio::{sync::broadcast::error::RecvError, time::Instant};

/// Actions whose time is taken, after as many to warm up as a tenth.
const ACTIONS: usize = 5_000;
/// Sessions that are followed while actions run as fast as they can.
const FOLLOWED: usize = 16;
const FOLLOWERS: usize = 4;
const BURST: Duration = Duration::from_secs(5);

struct Instance {
    engine: Engine,
    cluster: Cluster,
}

struct Redis(Child, u16);

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Redis {
    async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let child = command.stdout(Stdio::null()).spawn().expect("redis-server is installed");
        tokio::time::sleep(Duration::from_millis(500)).await;
        Self(child, port)
    }

    async fn instance(&self) -> Instance {
        let me = InstanceId::new();
        let link = Arc::new(RedisLink::new(&format!("redis://127.0.0.1:{}", self.1), "capture", me.clone()).unwrap());
        let books = Arc::new(RedisLedger::new(Arc::clone(&link) as _, me));
        books.recover().await.unwrap();
        let ann = Account::new("ann".parse().unwrap(), Secret::chosen("s").hash());
        let _ = books.add(ann).await; // the second finds her there
        let limits = Limits { sessions_per_user: 1_000, max_sessions: 1_000, ..Limits::default() };
        let builder = Engine::builder().limits(limits).backend(Simulated::default());
        let engine = builder.books(Arc::clone(&books)).build().await.unwrap();
        let cluster = Cluster::join(engine.clone(), books, link);
        while cluster.readiness().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Instance { engine, cluster }
    }
}

fn ann() -> Caller {
    Caller::user("ann".parse().unwrap())
}

fn title() -> Action {
    action::parse(&json!({"type": "title"})).unwrap()
}

async fn create(at: &Cluster) -> SessionId {
    let options = SessionOptions::with_ttl(Duration::from_secs(600));
    at.create(ann(), options, None).await.unwrap().session.id
}

/// Times of single actions, one after the other, shortest first.
async fn times(at: &Cluster, id: SessionId) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ACTIONS);
    for number in 0..ACTIONS + ACTIONS / 10 {
        let began = Instant::now();
        at.execute(ann(), id, title(), None).await.unwrap();
        if number >= ACTIONS / 10 {
            times.push(began.elapsed());
        }
    }
    times.sort_unstable();
    times
}

fn at(times: &[Duration], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length"
    )]
    let place = ((times.len() - 1) as f64 * share) as usize;
    times[place].as_secs_f64() * 1_000.0
}

/// Events of busy sessions that reach followers at the other instance, a second.
async fn relayed(owner: &Instance, gateway: &Cluster) -> f64 {
    let (mut tasks, mut drivers) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
    for _ in 0..FOLLOWED {
        let id = create(&owner.cluster).await;
        for _ in 0..FOLLOWERS {
            let mut follow = gateway.follow(ann(), id, None).await.unwrap();
            tasks.spawn(async move {
                let mut events = 0_u64;
                loop {
                    match follow.live.recv().await {
                        Ok(_) => events += 1,
                        // They came across; this follower was too slow for them.
                        Err(RecvError::Lagged(missed)) => events += missed,
                        Err(RecvError::Closed) => return events,
                    }
                }
            });
        }
        let driver = owner.engine.clone();
        drivers.spawn(async move {
            let end = Instant::now() + BURST;
            while Instant::now() < end {
                driver.execute(ann(), id, title(), None).await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(2)).await; // the last ones arrive
            driver.close(ann(), id).await.unwrap();
        });
    }
    drivers.join_all().await;
    let events: u64 = tasks.join_all().await.into_iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = events as f64 / BURST.as_secs_f64();
    rate
}

#[tokio::main]
async fn main() {
    let redis = Redis::start().await;
    let (owner, gateway) = (redis.instance().await, redis.instance().await);
    let id = create(&owner.cluster).await;
    for _ in 0..2 {
        let here = times(&owner.cluster, id).await;
        let there = times(&gateway.cluster, id).await;
        println!(
            "action: here p50 {:.3} p99 {:.3} ms; through another instance p50 {:.3} p99 {:.3} ms; extra p50 {:.3} p99 {:.3} ms",
            at(&here, 0.5),
            at(&here, 0.99),
            at(&there, 0.5),
            at(&there, 0.99),
            at(&there, 0.5) - at(&here, 0.5),
            at(&there, 0.99) - at(&here, 0.99),
        );
    }
    println!("relayed events a second: {:.0}", relayed(&owner, &gateway.cluster).await);
    owner.engine.shutdown(Duration::ZERO).await;
    gateway.engine.shutdown(Duration::ZERO).await;
}
