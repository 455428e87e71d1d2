//! Pages that turn little input into much data: what they log, show, store or let the server read is counted in bytes,
//! and only their own session is affected.
//!
//! All sessions share one browser here, which is harder than the default isolation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use capture_tests::{Client, Server, Site, processes, server::Folder, until};
use serde_json::json;
use tokio::time::Instant;

/// Flags with which all users share one browser.
const SHARED: [&str; 4] = ["--browser-isolation", "context", "--browser-warm-pages", "0"];
/// How long the neighbour's title may take. Other tests check latencies; here it must only be answered.
const PATIENCE: Duration = Duration::from_secs(8);
/// The highest memory of the server's own process in bytes, whatever pages do.
const SERVER_BYTES: u64 = 1_500 << 20;
/// How long the effects of a page may take to arrive on a busy machine.
const ARRIVES: Duration = Duration::from_secs(30);

/// Another user's session that requests its title continuously, and checks the server's memory each time.
struct Neighbour {
    client: Client,
    id: String,
    stop: Arc<AtomicBool>,
    most_bytes: Arc<AtomicU64>,
    asking: tokio::task::JoinHandle<Duration>,
}

impl Neighbour {
    #[expect(clippy::disallowed_methods, reason = "ends with its test")]
    async fn start(server: &Server, site: &Site) -> Self {
        let client = server.user("bob").await;
        let id = client.create(&json!({"maxTtlSeconds": 600})).await;
        client.goto(&id, &site.page("form")).await;
        let (stop, most_bytes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (asker, its, stopped, most, pid) =
            (client.clone(), id.clone(), Arc::clone(&stop), Arc::clone(&most_bytes), server.pid());
        let asking = tokio::spawn(async move {
            let mut slowest = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let begun = Instant::now();
                assert_eq!(asker.done(&its, "title", json!({})).await["title"], "Form");
                slowest = slowest.max(begun.elapsed());
                most.fetch_max(processes::own_memory(pid), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            slowest
        });
        Self { client, id, stop, most_bytes, asking }
    }

    /// Checks that the session was always answered, and still exists.
    async fn noticed_nothing(self) {
        self.stop.store(true, Ordering::Relaxed);
        let slowest = self.asking.await.unwrap();
        assert!(slowest <= PATIENCE, "the neighbour waited {slowest:?} for its title");
        assert_eq!(self.client.session(&self.id).await["session"]["status"], "active");
        let most = self.most_bytes.load(Ordering::Relaxed);
        assert!(most > 0 && most <= SERVER_BYTES, "the server took {} MiB", most >> 20);
    }
}

/// An attacker's session on the page of attacks.
async fn attacker(server: &Server, site: &Site) -> (Client, String) {
    let ann = server.user("ann").await;
    let id = opened(&ann, site).await;
    (ann, id)
}

async fn opened(ann: &Client, site: &Site) -> String {
    let id = ann.create(&json!({"maxTtlSeconds": 600})).await;
    ann.goto(&id, &site.page("bytes")).await;
    id
}

#[tokio::test]
async fn messages_of_hundreds_of_megabytes_are_left_out_and_told() {
    let (server, site) = (Server::start_in(Folder::logged(), &SHARED).await, Site::start().await);
    let neighbour = Neighbour::start(&server, &site).await;
    let ann = server.user("ann").await;
    for (attack, kind) in [("#control", "console"), ("#rejected", "errors"), ("#thrown", "errors")] {
        let id = opened(&ann, &site).await;
        ann.done(&id, "click", json!({"selector": attack})).await;
        until("it is counted", ARRIVES, async || {
            ann.done(&id, kind, json!({})).await["dropped"].as_u64().unwrap() >= 1
        })
        .await;
        // The attacker's session goes on as well.
        assert_eq!(ann.goto(&id, &site.page("form")).await["title"], "Form");
        ann.close(&id).await.expect(200);
    }
    neighbour.noticed_nothing().await;
    let log = server.folder().log();
    let told = log.lines().find(|line| line.contains("too large and was skipped")).expect("the operator is told");
    assert!(told.contains("Runtime.consoleAPICalled") && told.len() < 1_000, "{told}");
    server.stop().await;
}

#[tokio::test]
async fn lines_of_50_megabytes_without_end_are_not_listened_to() {
    let (server, site) = (Server::start_with(&SHARED).await, Site::start().await);
    let neighbour = Neighbour::start(&server, &site).await;
    let (ann, id) = attacker(&server, &site).await;
    ann.done(&id, "click", json!({"selector": "#lines"})).await;
    until("it is muted again and again", ARRIVES, async || {
        let told = ann.done(&id, "console", json!({"level": "warning"})).await;
        told["dropped"].as_u64().unwrap() >= 2 && told["messages"].as_array().unwrap().len() >= 2
    })
    .await;
    // While a session is muted it can be used, and navigated elsewhere.
    assert_eq!(ann.goto(&id, &site.page("form")).await["title"], "Form");
    neighbour.noticed_nothing().await;
    server.stop().await;
}

#[tokio::test]
async fn a_page_is_read_without_growing() {
    let (server, site) = (Server::start_with(&SHARED).await, Site::start().await);
    let neighbour = Neighbour::start(&server, &site).await;
    let (ann, id) = attacker(&server, &site).await;
    for (attack, markdown_has) in [
        ("#wide", "| a | b |\n| a | b |"),
        ("#spans", "| three |"),
        ("#deep", "> - > - > - "),
        ("#cells", "| c | d |\n| c | d |"),
    ] {
        ann.done(&id, "click", json!({"selector": attack})).await;
        for format in ["text", "markdown"] {
            let read = ann.done(&id, "content", json!({"format": format})).await;
            let (content, cut) = (read.text("content"), read["truncated"] == true);
            assert!(content.len() <= 4 << 20, "{attack} as {format}: {} bytes", content.len());
            assert!(cut || attack != "#wide" || content.len() < 1_100_000, "{attack} is not padded");
            assert!(
                format == "text" || content.contains(markdown_has),
                "{attack}: {}",
                content.chars().take(500).collect::<String>()
            );
        }
    }
    neighbour.noticed_nothing().await;
    server.stop().await;
}

#[tokio::test]
async fn a_picture_of_too_many_pixels_is_refused_or_cut() {
    let (server, site) = (Server::start_with(&SHARED).await, Site::start().await);
    let neighbour = Neighbour::start(&server, &site).await;
    let (ann, id) = attacker(&server, &site).await;
    let size = json!({"viewport": {"width": 3700, "height": 3700}, "scaleFactor": 3});
    let refused = ann.act(&id, "screenshot", size).await.expect(400);
    assert_eq!((&refused["reason"], &refused["outcome"]), (&json!("picture_too_large"), &json!("not_executed")));
    let part = json!({"clip": {"x": 0, "y": 0, "width": 3700, "height": 3700}, "scaleFactor": 3, "vw": 800, "vh": 600, "type": "jpeg"});
    let cut = ann.done(&id, "screenshot", part).await;
    assert_eq!(cut["clamped"], true);
    let pixels = cut["width"].as_u64().unwrap() * cut["height"].as_u64().unwrap();
    assert!((60_000_000..=67_200_000).contains(&pixels), "{pixels}");
    neighbour.noticed_nothing().await;
    server.stop().await;
}

#[tokio::test]
async fn memory_the_browser_keeps_for_a_page_ends_that_page_and_not_a_larger_one() {
    let flags = [&SHARED[..], &["--browser-memory-mib", "1536"]].concat();
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let neighbour = Neighbour::start(&server, &site).await;
    let cay = server.user("cay").await;
    let larger = cay.create(&json!({})).await;
    cay.goto(&larger, &site.page("bytes")).await;
    cay.done(&larger, "click", json!({"selector": "#held"})).await;
    let (ann, id) = attacker(&server, &site).await;
    ann.done(&id, "click", json!({"selector": "#blobs"})).await;
    until("its session ends", Duration::from_secs(40), async || {
        ann.session(&id).await["session"]["closeReason"] == "browser_crashed"
    })
    .await;
    assert_eq!(cay.session(&larger).await["session"]["status"], "active");
    assert_eq!(cay.done(&larger, "title", json!({})).await["title"], "Bytes");
    neighbour.noticed_nothing().await;
    server.stop().await;
}
