//! Leaves something in one session and looks for it from others.

use capture_tests::Client;
use serde_json::json;

use super::{
    arena::Arena,
    canary::Canary,
    row::{Attempt, Row},
    trying::{expect, scripted},
};

/// The texts of a search that found something, and of one that did not.
const FOUND: &str = "it is there";
const ABSENT: &str = "it is not there";

/// Tries each row.
pub(super) async fn withstand(rows: &[Row]) {
    let arena = Arena::guarded().await;
    let bob = arena.server.user("eve").await;
    let mut failed = Vec::new();
    for row in rows {
        let came = look_around(&arena, &bob, row).await;
        failed.extend(came.err().map(|why| format!("{} ({}): {why}", row.id, row.title)));
    }
    assert!(failed.is_empty(), "{} of {}\n{}", failed.len(), rows.len(), failed.join("\n"));
    arena.stop().await;
}

async fn look_around(arena: &Arena, eve: &Client, row: &Row) -> Result<(), String> {
    let Attempt::Between(leave, look) = row.attempt else { panic!("{} is nothing between sessions", row.id) };
    let look = format!("see({look} ? '{FOUND}' : '{ABSENT}')");
    let canary = Canary::start().await;
    let serve = |name: &str, script: &str| arena.site.serve(name, &[], &arena.fill(&scripted(script), &canary));
    let (leaving, looking) = (serve("leave", &format!("{leave}; {look}")), serve("look", &look));
    let ann = &arena.attacker;
    let victim = ann.create(&json!({})).await;
    let own = open(ann, &victim, &leaving).await;
    let mut others = Vec::new();
    for who in [ann, eve] {
        let id = who.create(&json!({})).await;
        others.push(open(who, &id, &looking).await);
        who.close(&id).await.expect(200);
    }
    ann.close(&victim).await.expect(200);
    expect(own == FOUND, || format!("the session itself saw {own:?}"))?;
    expect(others == [ABSENT, ABSENT], || format!("others saw {others:?}"))
}

/// Opens a page and returns the result of its script.
async fn open(who: &Client, id: &str, address: &str) -> String {
    who.goto(id, address).await;
    who.act(id, "wait_for_selector", json!({"selector": "#done", "state": "attached", "timeoutMs": 4000})).await;
    who.log(id).await
}
