//! The demo page in real Chromium: one session shows the page, and the page drives a session of its own on another
//! server.
//!
//! The page must look like the pictures in the folder `demo`. With `GOLDEN=write` they are taken again, so that the
//! reviewer of a change sees them.

use std::{path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use capture_tests::{Client, Server, Site, Wrapper, likeness, server::Folder, site::target_folder, until};
use serde_json::{Value, json};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(30);
/// The share of a picture that may differ because of other fonts, ids and times, or another order of results.
const UNLIKE: f64 = 0.05;
/// The token that the page signs in with.
const DEV: &str = "ZGV2OmRldg==";

/// A server, and its demo page in a session of another server, because no session reaches the server it runs on.
struct Stage {
    server: Server,
    other: Server,
    site: Site,
    dev: Client,
    /// A client of the other server, and its session that shows the demo page.
    viewer: Client,
    shows: String,
}

impl Stage {
    /// Starts both servers, with these flags for the one whose session shows the page.
    async fn set(flags: &[&str]) -> Self {
        let flags: Vec<&str> = ["--dev"].iter().chain(flags).copied().collect();
        let (server, other) =
            (Server::start_in(Folder::new(), &["--dev"]).await, Server::start_in(Folder::new(), &flags).await);
        let (dev, viewer) = (server.client(DEV), other.client(DEV));
        let shows = viewer.create(&json!({"maxTtlSeconds": 600})).await;
        let stage = Self { server, other, site: Site::start().await, dev, viewer, shows };
        stage.open("/").await;
        stage.wait("#status[data-state=connected]").await;
        stage
    }

    async fn open(&self, path: &str) {
        self.viewer.goto(&self.shows, &format!("{}{path}", self.server.base())).await;
    }

    async fn on(&self, kind: &str, payload: Value) -> Value {
        self.viewer.done(&self.shows, kind, payload).await.body
    }

    async fn wait(&self, selector: &str) {
        self.on("wait_for_selector", json!({"selector": selector, "timeoutMs": 10_000})).await;
    }

    async fn click(&self, selector: &str) {
        self.on("click", json!({"selector": selector})).await;
    }

    async fn fill(&self, selector: &str, value: &str) {
        self.on("fill", json!({"selector": selector, "value": value})).await;
    }

    async fn all(&self, selector: &str, fields: &[&str]) -> Vec<Value> {
        let found = self.on("query", json!({"selector": selector, "fields": fields, "limit": 500})).await;
        found["elements"].as_array().unwrap().clone()
    }

    async fn text(&self, selector: &str) -> String {
        let found = self.all(selector, &["text"]).await;
        found.first().and_then(|element| element["text"].as_str()).unwrap_or_default().to_owned()
    }

    /// Creates a session on the page and returns its id.
    async fn create(&self, ttl: u64) -> String {
        let known = self.sessions().await;
        self.fill("#ttl", &ttl.to_string()).await;
        self.click("#create").await;
        let mut new = None;
        until("the page's session is there", PATIENCE, async || {
            new = self.sessions().await.into_iter().find(|id| !known.contains(id));
            new.is_some()
        })
        .await;
        let id = new.unwrap();
        self.wait(&format!("#sessions [data-session='{id}'][aria-current]")).await;
        id
    }

    async fn sessions(&self) -> Vec<String> {
        let listed = self.dev.get("/v1/sessions").await.expect(200);
        let ids = listed["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    /// Composes an action with these fields and sends it.
    async fn compose(&self, kind: &str, fields: &[(&str, &str)]) {
        self.on("select", json!({"selector": "#type", "value": kind})).await;
        for (field, value) in fields {
            self.fill(&format!("#composer [data-field='{field}']"), value).await;
        }
        self.click("#send").await;
        self.wait("#answer-head[data-state=success]").await;
    }

    async fn results(&self, kind: &str) -> usize {
        self.all(&format!("#results [data-type='{kind}'][data-success=true]"), &["tag"]).await.len()
    }

    /// Compares the page with the picture of this name. It polls, because the live view and the results arrive
    /// asynchronously.
    async fn looks_like(&self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("e2e/demo/{name}.png"));
        let take = async || {
            let taken = self.on("screenshot", json!({})).await;
            STANDARD.decode(taken["bodyBase64"].as_str().unwrap()).unwrap()
        };
        if std::env::var_os("GOLDEN").is_some() {
            std::fs::write(path, take().await).unwrap();
            return;
        }
        let wanted = std::fs::read(path).unwrap();
        let mut taken = take().await;
        let end = Instant::now() + PATIENCE;
        while likeness::difference(&wanted, &taken) > UNLIKE {
            if Instant::now() > end {
                let seen = target_folder().join(format!("{name}-as-seen.png"));
                std::fs::write(&seen, &taken).unwrap();
                let share = likeness::difference(&wanted, &taken) * 100.0;
                panic!("{share:.1} % of {} looks otherwise than e2e/demo/{name}.png", seen.display());
            }
            taken = take().await;
        }
    }

    /// Checks that no error occurred in the page, and that no element is wider than the page.
    async fn is_sound(&self) {
        let errors = self.on("errors", json!({})).await;
        assert_eq!(errors["errors"], json!([]));
        let console = self.on("console", json!({"level": "error"})).await;
        assert_eq!(console["messages"], json!([]));
    }

    async fn stop(self) {
        self.dev.delete("/v1/sessions").await.expect(200);
        self.viewer.delete("/v1/sessions").await.expect(200);
        self.server.stop().await;
        self.other.stop().await;
    }
}

#[tokio::test]
async fn the_page_creates_drives_watches_and_resumes() {
    let stage = Stage::set(&[]).await;
    let id = stage.create(300).await;
    until("the time left is shown", PATIENCE, async || {
        ["05:00", "04:59", "04:58"].contains(&&*stage.text("#countdown").await)
    })
    .await;
    stage.compose("goto", &[("url", &stage.site.page("form"))]).await;
    assert_eq!(stage.results("goto").await, 1);
    // A click on the live view is a click in the session's page.
    until("the picture of the page is there", PATIENCE, async || {
        stage.all("#view-note", &["visible"]).await.iter().all(|note| note["visible"] != true)
    })
    .await;
    let view = stage.all("#view", &["bbox"]).await[0]["bbox"].clone();
    let field =
        stage.dev.done(&id, "query", json!({"selector": "input", "fields": ["bbox"]})).await["elements"][0]["bbox"]
            .clone();
    let scale = view["width"].as_f64().unwrap() / 1_440.0;
    let at = |axis: &str, side: &str| {
        view[axis].as_f64().unwrap() + (field[axis].as_f64().unwrap() + field[side].as_f64().unwrap() / 2.0) * scale
    };
    stage.on("click", json!({"x": at("x", "width"), "y": at("y", "height")})).await;
    until("the click arrived", PATIENCE, async || stage.results("click").await == 1).await;
    stage.on("type_text", json!({"text": "Ada"})).await;
    until("what was typed arrived", PATIENCE, async || {
        let read = stage.dev.done(&id, "query", json!({"selector": "input", "fields": ["value"]})).await;
        read["elements"][0]["value"] == "Ada"
    })
    .await;
    stage.looks_like("driving").await;
    // Two steps run as a batch.
    for kind in ["title", "url"] {
        stage.on("select", json!({"selector": "#type", "value": kind})).await;
        stage.click("#batch-add").await;
    }
    stage.click("#batch-run").await;
    stage.wait("#batch-steps [data-step]:nth-child(2)[data-success=true]").await;
    stage.click("#snapshot-refresh").await;
    stage.wait("#snapshot-tree [data-ref]").await;
    // After the connection was dropped, what happened in the meantime appears exactly once.
    stage.click("#disconnect").await;
    stage.wait("#status[data-state=reconnecting]").await;
    stage.dev.done(&id, "content", json!({})).await;
    stage.wait("#status[data-state=resumed], #status[data-state=connected]").await;
    until("the missed result is there", PATIENCE, async || stage.results("content").await == 1).await;
    assert_eq!((stage.results("goto").await, stage.results("batch").await), (1, 1));
    stage.dev.close(&id).await.expect(200);
    until("the end is told", PATIENCE, async || !stage.text("#message").await.is_empty()).await;
    stage.looks_like("closed").await;
    stage.is_sound().await;
    stage.stop().await;
}

#[tokio::test]
async fn an_address_without_a_session_creates_one() {
    let stage = Stage::set(&[]).await;
    assert_eq!(stage.text("h1").await, "Capture");
    assert_eq!(stage.all("h1", &["visible"]).await[0]["visible"], true);
    for page in ["form", "other"] {
        stage.fill("#address", &stage.site.page(page)).await;
        stage.click("#address-form button").await;
        until("the page is open in it", PATIENCE, async || {
            let sessions = stage.sessions().await;
            sessions.len() == 1 && stage.dev.act(&sessions[0], "url", json!({})).await["url"] == stage.site.page(page)
        })
        .await;
    }
    stage.is_sound().await;
    stage.stop().await;
}

#[tokio::test]
async fn a_session_that_expires_says_so_and_a_shared_link_only_looks() {
    let wrapper = Wrapper::with_arguments("--blink-settings=preferredColorScheme=0");
    let executable = wrapper.path().to_string_lossy().into_owned();
    let stage = Stage::set(&["--browser-executable", &executable]).await;
    let shared = stage.create(300).await;
    stage.compose("goto", &[("url", &stage.site.page("form"))]).await;
    stage.looks_like("dark").await;
    stage.click("#share").await;
    stage.wait("#share-link").await;
    let link = stage.all("#share-link", &["value"]).await[0]["value"].as_str().unwrap().to_owned();
    let fragment = link.split_once("/#").expect("a link with a fragment").1.to_owned();
    assert!(fragment.contains(&shared) && fragment.contains("wst_"), "{link}");
    let brief = stage.create(4).await;
    until("it expires", PATIENCE, async || stage.dev.session(&brief).await["session"]["status"] == "expired").await;
    until("the page says so", PATIENCE, async || stage.text("#message").await.to_lowercase().contains("expired")).await;
    stage.looks_like("expired").await;
    stage.is_sound().await;
    // A change of the fragment alone would not load the page again.
    stage.on("goto", json!({"url": "about:blank"})).await;
    stage.open(&format!("/#{fragment}")).await;
    stage.wait("body[data-page=observe]").await;
    stage.wait("#status[data-state=connected]").await;
    stage.dev.done(&shared, "title", json!({})).await;
    until("the observer sees what others do", PATIENCE, async || stage.results("title").await == 1).await;
    let composer = stage.all("#composer", &["visible"]).await;
    assert!(composer.iter().all(|part| part["visible"] != true), "an observer has nothing to send");
    until("the time left is shown", PATIENCE, async || stage.text("#countdown").await.starts_with('0')).await;
    stage.looks_like("observing").await;
    stage.is_sound().await;
    stage.stop().await;
}

#[tokio::test]
async fn the_page_fits_a_narrow_screen() {
    let stage = Stage::set(&[]).await;
    stage.on("goto", json!({"url": stage.server.base(), "viewport": {"width": 400, "height": 800}})).await;
    stage.wait("#status[data-state=connected]").await;
    stage.create(300).await;
    stage.compose("goto", &[("url", &stage.site.page("form"))]).await;
    let scrolled = stage.on("scroll", json!({"direction": "right"})).await;
    assert!(scrolled["scrollX"].as_f64().unwrap().abs() < 1.0, "no sideways scroll: {scrolled}");
    stage.on("scroll", json!({"to": "top"})).await;
    stage.looks_like("narrow").await;
    stage.is_sound().await;
    stage.stop().await;
}
