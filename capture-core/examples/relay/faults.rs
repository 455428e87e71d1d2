//! Measures how soon the sessions of a dead instance are settled, and how soon everything works again after a
//! connection broke.

use std::time::Duration;

use capture_core::{Sessions, cluster::Cluster, session::SessionId};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::instance::{Redis, ann, create, instance, title};

/// Number of instances that are killed. Heartbeats are two seconds apart, so that the kills fall on any moment between
/// two of them.
const VICTIMS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(370);
/// The time after which an instance settles the sessions of others.
const MAY_JUDGE: Duration = Duration::from_secs(12);
/// Number of cut connections, and of restarts.
const CUTS: usize = 20;
const RESTARTS: usize = 5;
/// Pause before the next fault, in which every heartbeat and probe has succeeded.
const CALM: Duration = Duration::from_millis(2_500);
/// The longest recovery before the measurement gives up.
const HANGS: Duration = Duration::from_secs(60);

/// Runs a victim: it creates a session, prints that, and waits to be killed.
pub(crate) async fn be_a_victim(port: u16) {
    let instance = instance(port).await;
    println!("{}", create(&instance.cluster).await);
    std::future::pending::<()>().await;
}

/// Times from the death of an instance until another instance reports its session as final and billed, shortest first.
pub(crate) async fn to_finalise(port: u16, survivor: &Cluster) -> Vec<Duration> {
    let mut victims = Vec::new();
    for _ in 0..VICTIMS {
        victims.push(victim(port).await);
    }
    sleep(MAY_JUDGE).await;
    let deaths = victims.into_iter().zip(0..).map(|((mut child, id), number)| async move {
        sleep(BETWEEN * number).await;
        child.kill().await.unwrap();
        let killed = Instant::now();
        while survivor.get(ann(), id).await.unwrap().is_active() {
            assert!(killed.elapsed() < HANGS, "{id} is never settled");
            sleep(Duration::from_millis(20)).await;
        }
        killed.elapsed()
    });
    sorted(futures::future::join_all(deaths).await)
}

async fn victim(port: u16) -> (Child, SessionId) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["victim", &port.to_string()]).stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let id = lines.next_line().await.unwrap().expect("a victim names its session");
    (child, id.parse().unwrap())
}

/// Times from cutting every connection of a type until an action through the other instance succeeds, shortest first.
pub(crate) async fn to_heal_from_cuts(redis: &Redis, gateway: &Cluster, id: SessionId, kind: &str) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..CUTS {
        sleep(CALM).await;
        redis.cut(kind);
        times.push(to_work(gateway, id).await);
    }
    sorted(times)
}

/// Times from killing Redis, which restarts with its data, until an action through the other instance succeeds,
/// shortest first.
pub(crate) async fn to_heal_from_restarts(redis: &mut Redis, gateway: &Cluster, id: SessionId) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..RESTARTS {
        sleep(CALM).await;
        let killed = Instant::now();
        redis.restart().await;
        let restarted = killed.elapsed();
        times.push(restarted + to_work(gateway, id).await);
    }
    sorted(times)
}

async fn to_work(gateway: &Cluster, id: SessionId) -> Duration {
    let began = Instant::now();
    while gateway.execute(ann(), id, title(), None).await.is_err() {
        assert!(began.elapsed() < HANGS, "it never works again");
        sleep(Duration::from_millis(5)).await;
    }
    began.elapsed()
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort_unstable();
    times
}
