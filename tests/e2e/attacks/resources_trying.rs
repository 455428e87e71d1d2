//! Lets a page take as much as it can, and checks what remains for others.

use std::time::Duration;

use capture_tests::{processes, until};
use serde_json::json;
use tokio::time::Instant;

use super::{
    arena::Arena,
    canary::Canary,
    row::Row,
    trying::{Trial, expect},
};

/// How long a page attacks.
const GOES_ON: Duration = Duration::from_secs(2);
/// Number of checks of the bystander during an attack.
const LOOKS: u32 = 4;
/// How long a close may take.
const CLOSES: Duration = Duration::from_secs(5);
/// Bytes of memory that the server itself may keep.
const KEPT_MEMORY: u64 = 64 << 20;
/// Descriptors that the server may keep open after an attack.
const KEPT_DESCRIPTORS: usize = 40;

/// Tries each row alone.
pub(super) async fn withstand(rows: Vec<Row>) {
    let arena = Arena::guarded().await;
    let server = arena.server.pid();
    let (memory, descriptors) = (processes::own_memory(server), processes::descriptors(server));
    let mut failed = Vec::new();
    for row in &rows {
        let canary = Canary::start().await;
        let came = let_go_on(&Trial { arena: &arena, canary: &canary, row: *row }).await;
        failed.extend(came.err().map(|why| format!("{} ({}): {why}", row.id, row.title)));
        let seen = canary.seen();
        failed.extend((!seen.is_empty()).then(|| format!("{} ({}): reached {seen:?}", row.id, row.title)));
    }
    assert!(failed.is_empty(), "{} of {}\n{}", failed.len(), rows.len(), failed.join("\n"));
    let given_back = async || {
        processes::own_memory(server) <= memory + KEPT_MEMORY
            && processes::descriptors(server) <= descriptors + KEPT_DESCRIPTORS
    };
    until("the server gives back memory and descriptors", Duration::from_secs(20), given_back).await;
    arena.stop().await;
}

async fn let_go_on(trial: &Trial<'_>) -> Result<(), String> {
    let (ann, arena) = (&trial.arena.attacker, trial.arena);
    let id = ann.create(&json!({"maxTtlSeconds": 240})).await;
    let (address, markup) = trial.page();
    let opened = ann.act(&id, "goto", json!({"url": address, "timeoutMs": 5000})).await;
    if markup.contains("id=go") {
        ann.act(&id, "click", json!({"selector": "#go", "timeoutMs": 2000})).await;
    }
    let mut looked = expect(opened.status == 200, || format!("opening was answered {}", opened.body));
    for _ in 0..LOOKS {
        tokio::time::sleep(GOES_ON / LOOKS).await;
        looked = looked.and(arena.look_at_bystander().await);
    }
    let begun = Instant::now();
    let closed = ann.close(&id).await;
    looked?;
    expect(closed.status == 200 && begun.elapsed() <= CLOSES, || {
        format!("closed after {:?}: {}", begun.elapsed(), closed.body)
    })?;
    arena.look_at_bystander().await.map_err(|why| format!("afterwards {why}"))
}
