//! Many sessions, one after another and concurrently: at the end the server is in its initial state.
//!
//! Two hundred and fifty sessions run always, ten thousand in `make soak` (`CAPTURE_LONG=1`).

use std::time::Duration;

use capture_tests::{Client, Server, Site, long, processes, until};
use futures::StreamExt;
use serde_json::{Value, json};

/// Sessions of the short run and of the long one.
const SESSIONS: (usize, usize) = (250, 10_000);
/// Concurrent sessions.
const BESIDE: usize = 8;
/// Sessions that warm the server up: allocators, caches, the pool.
const WARM_UP: usize = 100;
/// How much the server may grow after that, in bytes.
const GROWTH: u64 = 10 << 20;
/// Bytes that the browser may have written into its profile by then.
const DISK: u64 = 16 << 20;

#[tokio::test]
async fn after_many_sessions_everything_is_as_it_was() {
    let (server, site) =
        (Server::start_with(&["--browser-warm-pages", "2", "--browser-idle-seconds", "0"]).await, Site::start().await);
    let ann = server.user_with("ann", &["--max-sessions", "50", "--credits", "1000000"]).await;
    work(&ann, &site, 0..WARM_UP).await;
    until("only the pool is left", Duration::from_secs(45), async || is_quiet(&server)).await;
    let before = State::of(&server);
    let sessions = if long() { SESSIONS.1 } else { SESSIONS.0 };
    work(&ann, &site, WARM_UP..sessions).await;
    until("only the pool is left", Duration::from_secs(45), async || is_quiet(&server)).await;
    // Chromium closes the connections of a context a little after its renderers have ended.
    let most = before.descriptors + 4;
    let are_closed = async || processes::descriptors(server.pid()) <= most;
    until("the connections of the last sessions are closed", Duration::from_secs(45), are_closed).await;
    let after = State::of(&server);
    assert!(after.memory <= before.memory + GROWTH, "the server grew: {before:?}, {after:?}");
    assert!(after.descriptors <= most, "descriptors are left: {before:?}, {after:?}");
    assert!(after.threads <= before.threads + 4, "threads are left: {before:?}, {after:?}");
    assert!(after.folders <= before.folders, "folders are left: {before:?}, {after:?}");
    assert!(after.disk <= before.disk + DISK, "files are left: {before:?}, {after:?}");
    let (credits, left) = (server.folder().account("ann", "credits").await, 1_000_000 - sessions);
    assert_eq!(credits, left.to_string(), "{sessions} sessions of a started minute each were paid once");
    assert_eq!(ann.get("/v1/sessions").await["activeSessionCount"], 0);
    server.stop().await;
}

/// Renders of the short run and of the long one, of which the first fifty warm the server up.
const RENDERS: (usize, usize) = (80, 5_000);

#[tokio::test]
async fn after_many_renders_everything_is_as_it_was() {
    let flags = ["--browser-warm-pages", "2", "--browser-idle-seconds", "0", "--render-cache-mib", "1"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user_with("ann", &["--credits", "1000000"]).await;
    render(&ann, &site, 0..WARM_UP / 2).await;
    until("only the pool is left", Duration::from_secs(45), async || is_quiet(&server)).await;
    let before = State::of(&server);
    let renders = if long() { RENDERS.1 } else { RENDERS.0 };
    render(&ann, &site, WARM_UP / 2..renders).await;
    until("only the pool is left", Duration::from_secs(45), async || is_quiet(&server)).await;
    let most = before.descriptors + 4;
    let are_closed = async || processes::descriptors(server.pid()) <= most;
    until("the connections of the last renders are closed", Duration::from_secs(45), are_closed).await;
    let after = State::of(&server);
    assert!(after.memory <= before.memory + GROWTH, "the server grew: {before:?}, {after:?}");
    assert!(after.threads <= before.threads + 4, "threads are left: {before:?}, {after:?}");
    assert!(after.folders <= before.folders, "folders are left: {before:?}, {after:?}");
    assert!(after.disk <= before.disk + DISK, "files are left: {before:?}, {after:?}");
    assert_eq!(server.folder().account("ann", "renders").await, format!("{renders}, {renders} credits"));
    assert_eq!(server.folder().account("ann", "held").await, "0");
    server.stop().await;
}

/// Renders of every kind, four at a time.
async fn render(ann: &Client, site: &Site, numbers: std::ops::Range<usize>) {
    const KINDS: [&str; 4] = ["image", "content", "pdf", "metadata"];
    let renders = futures::stream::iter(numbers).map(async |number| {
        let body = json!({"url": site.page("article"), "vw": 400, "vh": 300, "timestamp": number});
        ann.post(&format!("/v1/render/{}", KINDS[number % KINDS.len()]), &body).await.expect(200);
    });
    renders.buffer_unordered(4).collect::<()>().await;
}

#[derive(Debug)]
struct State {
    memory: u64,
    descriptors: usize,
    threads: usize,
    folders: usize,
    disk: u64,
}

impl State {
    fn of(server: &Server) -> Self {
        let pid = server.pid();
        Self {
            memory: processes::own_memory(pid),
            descriptors: processes::descriptors(pid),
            threads: processes::threads(pid),
            folders: processes::entries(&server.run_root()).len(),
            disk: processes::size(&server.run_root()),
        }
    }
}

/// Whether the server has just the browsers that are kept ready with a page each.
fn is_quiet(server: &Server) -> bool {
    let (browsers, renderers) = (processes::browsers(server.pid()).len(), processes::renderers(server.pid()).len());
    // A browser has a folder and a record of its owner, which are removed after its processes have ended.
    let folders = processes::entries(&server.run_root()).len();
    // Chromium keeps a spare renderer.
    browsers == 2 && renderers <= 2 * (1 + 1) && folders == 2 * 2
}

async fn work(ann: &Client, site: &Site, sessions: std::ops::Range<usize>) {
    let work = futures::stream::iter(sessions).map(|number| session(ann, site, number));
    work.buffer_unordered(BESIDE).collect::<()>().await;
}

/// A session with some work of a kind, ended in one of the possible ways.
async fn session(ann: &Client, site: &Site, number: usize) {
    let ttl = if number % 50 == 7 { 1 } else { 60 };
    let id = ann.create(&json!({"maxTtlSeconds": ttl})).await;
    for (kind, payload) in workload(site, number) {
        let reply = ann.act(&id, kind, payload).await;
        let fine = reply.status == 200 || (ttl == 1 && reply.status == 409);
        assert!(fine, "{kind} of session {number} answered {}: {}", reply.status, reply.body);
    }
    if ttl == 1 {
        let over = async || ann.session(&id).await["session"]["status"] == "expired";
        until("nothing outlives its time", Duration::from_secs(5), over).await;
    } else {
        let closed = ann.close(&id).await.expect(200);
        assert_eq!(closed["session"]["billedCredits"], 1);
    }
}

fn workload(site: &Site, number: usize) -> Vec<(&'static str, Value)> {
    let goto = |page: &str| ("goto", json!({"url": site.page(page)}));
    match number % 6 {
        0 => vec![goto("form"), ("title", json!({})), ("content", json!({"format": "markdown"}))],
        1 => vec![goto("clicks"), ("snapshot", json!({})), ("query", json!({"selector": "a", "fields": ["href"]}))],
        2 => vec![goto("fields"), ("fill", json!({"selector": "#text", "value": "x"})), ("url", json!({}))],
        3 => vec![goto("popups"), goto("other"), ("back", json!({})), ("errors", json!({}))],
        4 => {
            let steps = json!([{"type": "title"}, {"type": "scroll"}, {"type": "cursor_position"}]);
            vec![goto("tall"), ("batch", json!({"actions": steps}))]
        }
        _ => vec![("title", json!({}))],
    }
}
