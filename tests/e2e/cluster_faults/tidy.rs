//! Checks what remains in the ledger: finals, bills, users, live instances, and keys that expire by themselves.

use std::time::Duration;

use capture_tests::Redis;
use tokio::time::{Instant, sleep};

/// How long the removal of other keys may take.
const WITHIN: Duration = Duration::from_secs(60);
/// Keys that stay, by name or prefix.
const STAYS: [&str; 8] = ["users", "finals", "billing", "dataset", "lives", "server", "server_key", "instances"];
const BEGINS: [&str; 2] = ["user:", "instance:"];
/// The owner and the gateway.
const INSTANCES: &str = ":2";

/// Fails unless all other keys are gone within a minute.
pub(super) async fn check(redis: &Redis) {
    let end = Instant::now() + WITHIN;
    loop {
        let left = left(redis).await;
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "left after {WITHIN:?}: {left:?}");
        sleep(Duration::from_millis(500)).await;
    }
}

async fn left(redis: &Redis) -> Vec<String> {
    let mut left = Vec::new();
    let told = redis.ask(&["KEYS", "capture:*"]).await;
    for key in told.lines().filter_map(|line| line.strip_prefix("capture:")) {
        if STAYS.contains(&key) || BEGINS.iter().any(|start| key.starts_with(start)) {
            continue;
        }
        let whole = format!("capture:{key}");
        let is_final = key.starts_with("session:") && redis.ask(&["HGET", &whole, "state"]).await.contains("final");
        if !is_final && redis.ask(&["PTTL", &whole]).await.starts_with(":-1") {
            let told = if key.starts_with("session:") { redis.ask(&["HGETALL", &whole]).await } else { String::new() };
            left.push(format!("{key} {told}"));
        }
    }
    let instances = redis.ask(&["ZCARD", "capture:instances"]).await;
    if instances.trim() != INSTANCES {
        left.push(format!("instances {instances}"));
    }
    left
}
