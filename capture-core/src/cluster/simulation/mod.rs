//! The coordination of many instances under faults nobody would think of, deterministically: real engines, the real cluster and
//! the real scripts, on a network and a clock of our own. A seed is a world; the same seed is the same world.

mod network;
mod world;

use self::world::live;

/// Worlds of `make test`, and of `make simulate`.
fn worlds() -> u64 {
    let count = |name: &str| std::env::var(name).ok().and_then(|count| count.parse().ok());
    count("CAPTURE_SEEDS").unwrap_or(1_000)
}

#[test]
fn every_world_keeps_every_promise() {
    let first = std::env::var("CAPTURE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    for seed in first..first + worlds() {
        let (broken, trace) = live(seed);
        assert!(broken.is_empty(), "CAPTURE_SEED={seed} CAPTURE_SEEDS=1: {broken:#?}\n{}", trace.join("\n"));
    }
}
