//! Runs tables of attacks and judges how the neighbour fared.
//!
//! In `make test` each attack is tried once, a few at a time, and only liveness is required. A long run tries one after
//! another and checks the figures of the release build.

use std::time::Duration;

use capture_tests::{long, tried_today};
use futures::StreamExt;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::{
    attack::Attack,
    attacker::Attacker,
    neighbour::Figures,
    stage::{CREDITS, Stage, price},
};

/// How long each attack runs, in a short run and in a long one.
const ATTACKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(6));
/// Number of parts of which a short run tries one: all attacks take about five minutes.
const PARTS: usize = 8;
/// Concurrent attackers in a short run.
const AT_ONCE: usize = 4;
/// How long the neighbour's title may take in a short run, while the machine is busy with several attacks.
const PATIENCE: Duration = Duration::from_secs(45);
/// The highest 95th percentile of the neighbour's latency, in a long run.
const P95: Duration = Duration::from_millis(1_500);
/// The highest memory of the server process, in bytes.
const SERVER_MEMORY: u64 = 1_500 << 20;
/// How long closing a session may take, whatever it does.
const CLOSES: Duration = Duration::from_secs(45);

/// Tries the attacks on one server.
pub(super) async fn withstand(attacks: &[Attack]) {
    withstand_on(Stage::alone().await, attacks).await;
}

/// Tries the attacks on the given stage.
pub(super) async fn withstand_on(stage: Stage, attacks: &[Attack]) {
    let attacks = wanted(attacks);
    let at_once = if long() { 1 } else { AT_ONCE };
    stage.forget_peaks();
    let tried = attacks.iter().map(async |attack| (attack.name, try_one(&stage, attack).await));
    let tried: Vec<_> = futures::stream::iter(tried).buffer_unordered(at_once).collect().await;
    let mut failed: Vec<_> =
        tried.iter().flat_map(|(name, wrong)| wrong.iter().map(move |w| format!("{name}: {w}"))).collect();
    failed.extend(stage.gives_back().await.err());
    let figures = too_large(stage.peak());
    failed.extend(figures);
    assert!(failed.is_empty(), "{} things went wrong in {} attacks\n{}", failed.len(), tried.len(), failed.join("\n"));
    stage.stop().await;
}

/// The attacks whose names contain `CAPTURE_ATTACK`; without that variable, today's part of them.
fn wanted(attacks: &[Attack]) -> Vec<&Attack> {
    if let Some(name) = std::env::var_os("CAPTURE_ATTACK") {
        return attacks.iter().filter(|attack| attack.name.contains(name.to_string_lossy().as_ref())).collect();
    }
    tried_today(attacks.iter().collect(), PARTS, |attack| attack.name)
}

/// Tries one attack. Returns everything that went wrong.
async fn try_one(stage: &Stage, attack: &Attack) -> Vec<String> {
    let name = user_name(attack.name);
    let client = stage.user(&name, CREDITS).await;
    let attacker = Attacker::new(stage, &client);
    let lasts = if long() { ATTACKS.1 } else { ATTACKS.0 };
    if long() {
        stage.forget_peaks();
    }
    let attacking = async {
        attacker.has_attacked_for(lasts / 2).await;
        let tried = timeout(PATIENCE, stage.neighbour.tries_everything()).await;
        (tried.unwrap_or_else(|_| Err("it waits".to_owned())), attacker.has_attacked_for(lasts).await)
    };
    let (tried, since) = tokio::select! {
        came = attacking => came,
        () = attacker.run(attack) => unreachable!("attacks do not end by themselves"),
    };
    let mut wrong = Vec::new();
    wrong.extend(tried.err().map(|why| format!("the neighbour tries everything: {why}")));
    wrong.extend(attacker.broken().err());
    wrong.extend(end(stage, &attacker, &name).await.err());
    wrong.extend(since.is_none().then(|| "it never got under way".to_owned()));
    match stage.neighbour.since(since.unwrap_or_else(Instant::now)).await {
        Err(why) => wrong.push(format!("the neighbour: {why}")),
        Ok(figures) => wrong.extend(judge(stage, attack, &figures)),
    }
    if long() {
        wrong.extend(stage.gives_back().await.err());
    }
    wrong
}

/// Checks the figures against the promised ones.
#[expect(clippy::print_stdout, reason = "a long run shows its figures")]
fn judge(stage: &Stage, attack: &Attack, figures: &Figures) -> Vec<String> {
    let Figures { count, median, p95, longest } = figures;
    if !long() {
        let late = (*longest > PATIENCE).then(|| format!("the neighbour waited {longest:?}"));
        return late.into_iter().collect();
    }
    let peak = stage.peak();
    println!(
        "{:<60} title p50 {:>5} ms  p95 {:>5} ms  max {:>5} ms  of {count:>4}; server {:>5} MiB",
        attack.name,
        median.as_millis(),
        p95.as_millis(),
        longest.as_millis(),
        peak >> 20,
    );
    let late = (*p95 > P95).then(|| format!("the neighbour waited {p95:?} at the 95th percentile of {count}"));
    late.into_iter().chain(too_large(peak)).collect()
}

fn too_large(peak: u64) -> Option<String> {
    (peak > SERVER_MEMORY).then(|| format!("the server took {} MiB", peak >> 20))
}

/// Ends all sessions of the attacker, and checks that they were paid for.
async fn end(stage: &Stage, attacker: &Attacker<'_>, name: &str) -> Result<(), String> {
    let end = Instant::now() + CLOSES;
    loop {
        attacker.close_all(CLOSES).await?;
        let (left, held) = stage.account(name).await;
        if held == 0 {
            return paid(attacker, left).await;
        }
        // A create that was under way when its client disconnected may finish late.
        if Instant::now() > end {
            return Err(format!("{held} credits are held {CLOSES:?} after everything was closed"));
        }
    }
}

/// The attacker's credits match its sessions: each started minute was paid exactly once.
async fn paid(attacker: &Attacker<'_>, left: u64) -> Result<(), String> {
    let mut spent = 0;
    for id in attacker.sessions() {
        let seen = attacker.caller.get(&format!("/v1/sessions/{id}")).await?;
        let session: &Value = &seen.body["session"];
        let billed = session["billedCredits"].as_u64().ok_or_else(|| format!("not billed: {}", seen.short()))?;
        if billed != price(session) {
            return Err(format!("billed {billed}: {session}"));
        }
        spent += billed;
    }
    if left + spent == CREDITS { Ok(()) } else { Err(format!("{left} credits are left of {CREDITS}, {spent} spent")) }
}

/// A valid user name for an attack.
fn user_name(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    name.chars().take(48).collect()
}
