//! Pages that try to hang, fill or deceive the server: one page per attack, in `hostile/FAMILY`.
//!
//! Whatever a page does, every call is answered within its deadline with a documented status, the session can be used
//! (or at least closed) afterwards, a neighbour in that browser keeps answering, and memory and disk are freed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use capture_tests::{Client, Server, Site, processes, tried_today, until};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::steps::{self, Described};

/// Number of parts that the pages are divided into, of which `make test` tries one: all pages one after another take
/// five minutes.
const PARTS: usize = 3;
/// How long a close may take.
const CLOSES: Duration = Duration::from_secs(15);
/// How long the neighbour's title may take while the machine is busy with an attack.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of memory that the browser may keep after the attacks, because its caches have grown.
const KEPT_MEMORY: u64 = 300 << 20;
const KEPT_DISK: u64 = 64 << 20;

async fn withstand(family: &str) {
    // The neighbour shares the browser, because isolation is harder there.
    let flags = ["--browser-isolation", "context", "--browser-warm-pages", "1"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user("ann").await;
    let neighbour = Neighbour::start(&server, &site).await;
    let before = processes::resident(server.pid());
    let mut failed = Vec::new();
    let pages = tried_today(steps::pages("hostile", family, "attack", &site), PARTS, |page| &page.name);
    for page in pages {
        if let Err(why) = attack(&ann, &page, &site).await {
            failed.push(format!("{family}/{}: {why}", page.name));
        }
        if let Err(why) = neighbour.look() {
            failed.push(format!("{family}/{}: the neighbour: {why}", page.name));
        }
    }
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
    neighbour.stop().await;
    let kept = async || processes::resident(server.pid()) <= before + KEPT_MEMORY;
    until("memory comes back", Duration::from_secs(20), kept).await;
    let disk = processes::size(&server.run_root());
    assert!(disk <= KEPT_DISK, "{disk} bytes are left on disk");
    server.stop().await;
}

/// Opens the page, runs its steps, and checks the state of the session.
async fn attack(ann: &Client, page: &Described, site: &Site) -> Result<(), String> {
    let id = ann.create(&json!({"maxTtlSeconds": 240})).await;
    let mut open = page.says.get("open").cloned().unwrap_or_else(|| json!({}));
    open["with"]["url"] = page.address.as_str().into();
    let mut gone = steps::act(ann, &id, "goto", &open).await.map(|reply| reply.body);
    for (index, step) in page.steps().iter().enumerate() {
        if let Ok(opened) = &gone {
            let taken = steps::take(ann, &id, step, opened).await;
            gone = taken.map(|_| Value::Null).map_err(|why| format!("step {index}: {why}"));
        }
    }
    let after = page.says["after"].as_str().unwrap_or("works");
    if gone.is_ok() && after == "works" {
        let next = json!({"with": {"url": site.page("form"), "timeoutMs": 25_000}, "reply": {"title": "Form"}});
        gone = steps::act(ann, &id, "goto", &next).await.map(|reply| reply.body).map_err(|why| format!("after: {why}"));
    }
    let begun = Instant::now();
    let closed = ann.close(&id).await;
    gone?;
    let status = if after == "ends" { "error" } else { "closed" };
    match (closed["session"]["status"].as_str(), begun.elapsed()) {
        (Some(ended), took) if took <= CLOSES && (ended == status || (after == "ends" && ended == "closed")) => Ok(()),
        (_, took) => Err(format!("closed after {took:?}: {}", closed.body)),
    }
}

/// The longest wait, and a wrong answer.
type Seen = parking_lot::Mutex<(Duration, Option<String>)>;

fn note(seen: &Seen, took: Duration, wrong: Option<String>) {
    let mut seen = seen.lock();
    seen.0 = seen.0.max(took);
    seen.1 = wrong.or(seen.1.take());
}

/// A session of another user in the attacked browser that requests its title continuously.
struct Neighbour {
    stop: Arc<AtomicBool>,
    slowest: Arc<Seen>,
    asking: tokio::task::JoinHandle<()>,
}

impl Neighbour {
    #[expect(clippy::disallowed_methods, reason = "ends with its test")]
    async fn start(server: &Server, site: &Site) -> Self {
        let bob = server.user("bob").await;
        let stop = Arc::new(AtomicBool::new(false));
        let slowest = Arc::new(parking_lot::Mutex::new((Duration::ZERO, None)));
        let (stopped, seen, url) = (Arc::clone(&stop), Arc::clone(&slowest), site.page("form"));
        let asking = tokio::spawn(async move {
            let id = bob.create(&json!({"maxTtlSeconds": 900})).await;
            bob.goto(&id, &url).await;
            let mut begun = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                let reply = bob.act(&id, "title", json!({})).await;
                // A title that timed out is requested again, and its wait continues.
                let wrong = (reply.status != 504 && reply["title"] != "Form").then(|| reply.body.to_string());
                note(&seen, begun.elapsed(), wrong);
                tokio::time::sleep(Duration::from_millis(20)).await;
                if reply.status != 504 {
                    begun = Instant::now();
                }
            }
            bob.close(&id).await.expect(200);
        });
        Self { stop, slowest, asking }
    }

    /// Fails if the neighbour was disturbed since the last check.
    fn look(&self) -> Result<(), String> {
        match std::mem::take(&mut *self.slowest.lock()) {
            (_, Some(wrong)) => Err(wrong),
            (slowest, None) if slowest > PATIENCE => Err(format!("waited {slowest:?} for its title")),
            _ => Ok(()),
        }
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.asking.await.unwrap();
    }
}

macro_rules! families {
    ($($family:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $family() {
            withstand(stringify!($family)).await;
        })*

        #[test]
        fn every_family_is_withstood() {
            let entries = std::fs::read_dir(steps::folder("hostile")).unwrap().map(|entry| entry.unwrap());
            for entry in entries.filter(|entry| entry.path().is_dir()) {
                let family = entry.file_name().to_string_lossy().into_owned();
                assert!([$(stringify!($family)),*].contains(&family.as_str()), "{family}");
            }
        }
    };
}

families!(dialogs, documents, memory, network, scripts);
