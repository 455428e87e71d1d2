//! Deterministic tests of the coordination of many instances under combined faults. Real engines, the real cluster code
//! and the real scripts run on a simulated network and clock. A seed determines a world completely.

mod faults;
mod history;
mod judge;
mod mutations;
mod network;
mod tampering;
mod world;

use parking_lot::Mutex;

use self::{
    mutations::{Mutation, activate},
    world::live,
};

/// Worlds of `make test`.
const SHORT: u64 = 80;
/// Worlds that are looked at for each planted mutation at most.
const SEARCH: u64 = 150;

/// Days since 1970.
#[expect(clippy::disallowed_methods, reason = "the date only says which worlds a test looks at")]
fn today() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs() / 86_400)
}

#[expect(clippy::disallowed_methods, reason = "which worlds a test looks at is said in the environment")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs worlds. `CAPTURE_SEED` is the first seed and `CAPTURE_SEEDS` the number of worlds. Without them, half of the
/// worlds are fixed and the others change every day; `make simulate` runs 100,000.
#[test]
fn every_world_keeps_every_promise() {
    let count = number("CAPTURE_SEEDS").unwrap_or(SHORT);
    let seeds: Vec<u64> = match number("CAPTURE_SEED") {
        Some(first) => (first..first + count).collect(),
        None if number("CAPTURE_SEEDS").is_some() => (0..count).collect(),
        None => (0..SHORT / 2).chain((SHORT / 2..SHORT).map(|seed| seed + today() * SHORT)).collect(),
    };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let found = &found;
            let its = seeds.iter().copied().filter(move |seed| seed % workers == worker);
            scope.spawn(move || {
                let broken: Vec<u64> = its.filter(|seed| !is_sound(*seed)).collect();
                found.lock().extend(broken);
            });
        }
    });
    let found = found.into_inner();
    assert!(found.is_empty(), "of {count} worlds these broke a promise: {found:?}");
}

/// Whether a world keeps every invariant; the violations are printed.
fn is_sound(seed: u64) -> bool {
    let (broken, trace) = live(seed);
    if !broken.is_empty() {
        println!("CAPTURE_SEED={seed} CAPTURE_SEEDS=1: {broken:#?}\n{}", trace.join("\n"));
    }
    broken.is_empty()
}

#[test]
fn a_world_is_the_same_again() {
    for seed in 0..5 {
        let [(_, one), (_, other)] = [live(seed), live(seed)];
        assert_eq!(one, other, "seed {seed}");
    }
}

#[test]
fn every_planted_bug_is_found() {
    let mut missed = Vec::new();
    for mutation in Mutation::ALL {
        activate(Some(mutation));
        let found = std::iter::once(mutation.known_seed()).chain(0..SEARCH).find(|seed| !live(*seed).0.is_empty());
        activate(None);
        match found {
            Some(seed) => println!("{mutation:?} is found by seed {seed}"),
            None => missed.push(mutation),
        }
    }
    assert!(missed.is_empty(), "{missed:?} not found in {SEARCH} worlds");
}
