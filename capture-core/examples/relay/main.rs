//! Measures what the relay between two instances costs: `cargo run --release -p capture-core --features redis --example
//! relay`.
//!
//! Runs two engines with simulated pages on a Redis of their own; `redis-server` must be installed. Prints how long an
//! action takes locally and through the other instance, how many events per second reach followers there, and how soon
//! a dead instance's sessions are settled and everything works again after a connection or Redis was lost.
#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a measurement, not a server")]

mod faults;
mod instance;

use std::time::Duration;

use capture_core::{Sessions, cluster::Cluster, session::SessionId};
use tokio::{sync::broadcast::error::RecvError, time::Instant};

use self::instance::{Instance, Redis, ann, create, title};

/// Measured actions; a tenth as many run before them as a warm-up.
const ACTIONS: usize = 5_000;
/// Sessions that are followed while actions run as fast as they can.
const FOLLOWED: usize = 16;
const FOLLOWERS: usize = 4;
const BURST: Duration = Duration::from_secs(5);

/// Times of single actions that run one after another, shortest first.
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

/// Events per second of busy sessions that reach followers at the other instance.
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
                        // These events crossed the relay as well, but this follower was too slow for them.
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
            tokio::time::sleep(Duration::from_secs(2)).await; // lets the last events arrive
            driver.close(ann(), id).await.unwrap();
        });
    }
    drivers.join_all().await;
    let events: u64 = tasks.join_all().await.into_iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = events as f64 / BURST.as_secs_f64();
    rate
}

/// Prints one line of the table.
fn row(what: &str, p50: f64, p99: f64) {
    println!("{what:<52} {p50:>12.3} {p99:>12.3}");
}

/// Prints one line of the table for times in milliseconds, which are sorted with the shortest first.
fn times_row(what: &str, times: &[Duration]) {
    row(what, at(times, 0.5), at(times, 0.99));
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("victim") {
        let port = arguments.next().and_then(|port| port.parse().ok()).expect("a victim is told the port of redis");
        return faults::be_a_victim(port).await;
    }
    let mut redis = Redis::start().await;
    let (owner, gateway) = (instance::instance(redis.port).await, instance::instance(redis.port).await);
    let id = create(&owner.cluster).await;
    println!("{:<52} {:>12} {:>12}", "milliseconds", "p50", "p99");
    for _ in 0..2 {
        let here = times(&owner.cluster, id).await;
        let there = times(&gateway.cluster, id).await;
        times_row("action where the session is", &here);
        times_row("action through another instance", &there);
        row("extra", at(&there, 0.5) - at(&here, 0.5), at(&there, 0.99) - at(&here, 0.99));
    }
    let cut = faults::to_heal_from_cuts(&redis, &gateway.cluster, id, "normal").await;
    times_row("to heal: connections cut", &cut);
    let cut = faults::to_heal_from_cuts(&redis, &gateway.cluster, id, "pubsub").await;
    times_row("to heal: subscriptions cut", &cut);
    let restarted = faults::to_heal_from_restarts(&mut redis, &gateway.cluster, id).await;
    times_row("to heal: redis killed and started again", &restarted);
    let finalised = faults::to_finalise(redis.port, &gateway.cluster).await;
    times_row("to finalise the session of a killed instance", &finalised);
    println!("relayed events a second: {:.0}", relayed(&owner, &gateway.cluster).await);
    owner.engine.shutdown(Duration::ZERO).await;
    gateway.engine.shutdown(Duration::ZERO).await;
}
