//! Further CDP clients, unmodified; each runs a short story about one page. The stories are in `cdp/more/`.
//!
//! `make test` runs two that represent the rest: one that uses `/json` and the sockets of pages, and one that can be
//! given nothing but a host and a port. `make clients` runs all of them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use capture_tests::{Client, Server, Site, long, port::Port};
use serde_json::json;
use tokio::process::Command;

/// Longest time of one story; each step has a deadline of its own.
const STORY: Duration = Duration::from_secs(120);
/// Longest time of an installation.
const INSTALLATION: Duration = Duration::from_secs(300);

/// The stories that `make test` runs.
const USUAL: [&str; 2] = ["chrome_remote_interface.mjs", "selenium_story.py"];
/// The further stories that `make clients` runs.
const MORE: [&str; 8] = [
    "agent_browser.mjs",
    "cdp_use_story.py",
    "chrome_devtools_mcp.mjs",
    "playwright_mcp.mjs",
    "puppeteer.mjs",
    "pydoll_story.py",
    "stagehand.mjs",
    "zendriver_story.py",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cdp").join("more")
}

/// Runs an installer in this folder.
async fn install(command: &str, folder: &Path) {
    let run = Command::new("sh").args(["-c", command]).current_dir(folder).kill_on_drop(true).output();
    let output = tokio::time::timeout(INSTALLATION, run).await.expect("it installs in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {said}");
}

/// Installs Python packages in a virtual environment.
async fn install_python(requirements: &str) {
    let pip = ".venv/bin/python -m pip install --quiet --disable-pip-version-check";
    let venv = "test -x .venv/bin/python || python3 -m venv .venv";
    install(&format!("flock requirements.txt sh -c '{venv}; {pip} -r {requirements}'"), &folder()).await;
}

/// The user that runs stories, and the Node to run them with.
struct Teller<'a> {
    server: &'a Server,
    site: &'a Site,
    user: &'a Client,
    node: PathBuf,
}

impl Teller<'_> {
    /// Runs one story in a session of its own. Returns how long it took.
    async fn tell(&self, story: &str) -> Result<Duration, String> {
        let created = self.user.post("/v1/sessions", &json!({"cdp": true})).await.expect(201);
        let id = created["session"]["id"].as_str().unwrap();
        let port = Port::open(self.server.base(), self.user, id).await;
        let home = tempfile::tempdir().unwrap();
        let python = folder().join(".venv/bin/python");
        let is_python = Path::new(story).extension().is_some_and(|extension| extension == "py");
        let began = tokio::time::Instant::now();
        let told = Command::new(if is_python { &python } else { &self.node })
            .arg(folder().join(story))
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("PORT_ADDRESS", port.address())
            .env("CONNECT_URL", created["session"]["connectUrl"].as_str().unwrap())
            .env("SITE", self.site.url(""))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(STORY, told).await.map_err(|_late| format!("{story} does not end"))?.unwrap();
        let took = began.elapsed();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let broken = !output.status.success() || !said.lines().any(|line| line.starts_with("ok "));
        // Whatever a client does when it disconnects, the session remains its user's.
        let left = self.user.close(id).await.expect(200)["session"]["closeReason"] == "closed";
        let (ended, why) = port.ended().await;
        if broken || !left || !ended { Err(format!("{story}: {said}{why}")) } else { Ok(took) }
    }
}

/// Runs stories one after another. Returns the duration of each.
async fn tell(stories: &[&str], node: PathBuf) -> Vec<String> {
    let (server, site) = (Server::start().await, Site::start().await);
    let user = server.user("ann").await;
    let teller = Teller { server: &server, site: &site, user: &user, node };
    let (mut told, mut broken) = (Vec::new(), Vec::new());
    for story in stories {
        match teller.tell(story).await {
            Ok(took) => told.push(format!("{story}: {} ms", took.as_millis())),
            Err(why) => broken.push(why),
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    server.stop().await;
    told
}

#[tokio::test]
async fn chrome_remote_interface_and_selenium_work_unmodified() {
    crate::cdp::install().await;
    install_python("requirements.txt").await;
    println!("{:?}", tell(&USUAL, "node".into()).await);
}

#[tokio::test]
async fn further_clients_work_unmodified() {
    if !long() {
        return println!("SKIPPED: make clients");
    }
    install_python("requirements-more.txt").await;
    install("npm install --no-audit --no-fund --silent", &folder()).await;
    println!("{:?}", tell(&MORE, folder().join(".venv/bin/node")).await);
}
