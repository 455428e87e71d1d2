//! The hostile pages, rendered: each is a result or a documented error within its deadline, and never a picture of an
//! error of the browser.

use std::time::Duration;

use capture_tests::tried_today;
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{Stage, header};
use crate::steps;

/// Number of parts that the pages are divided into, of which `make test` tries one.
const PARTS: usize = 24;
/// Longest time of a render: 30 s for loading, 15 s for the result, and what a busy machine takes beyond.
const LONGEST: Duration = Duration::from_secs(75);
const KINDS: [&str; 5] = ["image", "pdf", "content", "metadata", "animated"];
const FAMILIES: [&str; 5] = ["dialogs", "documents", "memory", "network", "scripts"];

#[tokio::test]
async fn hostile_pages_are_rendered_or_refused_in_time() {
    let stage = Stage::start_with(&["--browser-isolation", "context", "--max-renders-per-user", "10"]).await;
    let pages = FAMILIES.map(|family| steps::pages("hostile", family, "attack", &stage.site));
    let pages = tried_today(pages.into_iter().flatten().collect(), PARTS, |page| &page.name);
    let rendered = stream::iter(pages.iter().enumerate()).map(|(at, page)| {
        let parameters = json!({"url": page.address, "duration": 1, "full": true, "timestamp": at});
        render(&stage, KINDS[at % KINDS.len()], &page.name, parameters)
    });
    let failed: Vec<String> = rendered.buffer_unordered(2).filter_map(|wrong| async { wrong }).collect().await;
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let bob = stage.server.user("bob").await;
    let body = json!({"url": stage.site.url("/tall.html"), "vw": 300, "vh": 200});
    assert!(bob.post("/v1/render/image", &body).await.expect(200).bytes.starts_with(b"\x89PNG"));
    stage.server.stop().await;
}

/// Says what is wrong with the answer.
async fn render(stage: &Stage, kind: &str, name: &str, mut parameters: serde_json::Value) -> Option<String> {
    if let Some(fields) = parameters.as_object_mut() {
        if kind != "animated" {
            fields.remove("duration");
        }
        if kind != "image" {
            fields.remove("full");
        }
    }
    let (began, path) = (Instant::now(), format!("/v1/render/{kind}"));
    let asked = stage.ann.post(&path, &parameters);
    let Ok(reply) = timeout(LONGEST, asked).await else { return Some(format!("{kind} {name}: no answer")) };
    let is_right = match reply.status {
        200 => !reply.bytes.is_empty() && !header(&reply, "x-capture-cache").is_empty(),
        // The page crashed, its browser was ended for what it took, or it did not answer.
        400 | 409 | 503 | 504 => reply.body["success"] == false && reply.body["code"].is_string(),
        _ => false,
    };
    (!is_right).then(|| format!("{kind} {name} after {:?}: {} {}", began.elapsed(), reply.status, reply.body))
}
