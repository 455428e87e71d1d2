//! The claims of replies, judged by a second look that is independent of the engine: over generated pages, and over
//! every behaviour in `behaviours.rs`.

use capture_tests::{Client, Server, Site, invented::Invented, long};
use futures::StreamExt;
use serde_json::json;

/// Pages of the short version, and of `make lies`.
const PAGES: (u64, u64) = (50, 2_000);

#[tokio::test]
async fn no_claim_is_false_on_pages_nobody_thought_of() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let pages = futures::stream::iter(0..if long() { PAGES.1 } else { PAGES.0 });
    let asked = pages.map(|seed| ask(&ann, &site, seed)).buffer_unordered(4).collect::<Vec<_>>().await;
    let false_claims = asked.concat();
    let agreed = site.witnesses().agreed();
    assert!(
        false_claims.is_empty(),
        "{} false claims beside {agreed} true ones\n{}",
        false_claims.len(),
        false_claims.join("\n")
    );
    assert!(agreed > PAGES.0 * 5, "{agreed} claims were judged");
    server.stop().await;
}

/// The claims in the replies about one page that are not true.
async fn ask(ann: &Client, site: &Site, seed: u64) -> Vec<String> {
    let path = format!("/invented/{seed}");
    let id = ann.create(&json!({"maxTtlSeconds": 60})).await;
    ann.goto(&id, &site.url(&path)).await;
    let mut false_claims = Vec::new();
    for (kind, payload) in Invented::new(seed).actions {
        let reply = ann.act(&id, kind, payload.clone()).await;
        assert!([200, 400, 504].contains(&reply.status), "{path}: {kind} {payload} answered {}", reply.body);
        if let Some(doubt) = site.witnesses().doubt(&path, kind, &payload, &reply.body).await {
            false_claims.push(format!("{path}: {doubt}: {kind} {payload} answered {}", reply.body));
        }
    }
    ann.close(&id).await;
    false_claims
}
