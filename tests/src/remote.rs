//! A remote browser: full Chromium with a DevTools address, which no server of the tests has started.

use std::{path::Path, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::Client;

/// Full Chromium where Debian installs it.
pub const FULL_CHROMIUM: &str = "/usr/lib/chromium/chromium";

/// How long the browser may take to start.
const STARTS: Duration = Duration::from_secs(30);

/// A running browser, which ends when dropped.
#[derive(Debug)]
pub struct RemoteBrowser {
    child: Child,
    url: String,
    _profile: TempDir,
}

impl RemoteBrowser {
    /// Starts a browser that has only its own blank page.
    pub async fn start() -> Self {
        let profile = TempDir::with_prefix("capture-test-remote-").unwrap();
        let mut child = Command::new(FULL_CHROMIUM)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", Path::display(profile.path())))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the browser prints its address");
                if let Some(url) = line.strip_prefix("DevTools listening on ") {
                    return url.to_owned();
                }
            }
        };
        let url = tokio::time::timeout(STARTS, told).await.expect("the browser starts in time");
        #[expect(clippy::disallowed_methods, reason = "ends with its browser")]
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, url, _profile: profile }
    }

    /// The DevTools address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port of the DevTools address.
    pub fn port(&self) -> u16 {
        self.address().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// `host:port` of the DevTools address.
    fn address(&self) -> &str {
        self.url.trim_start_matches("ws://").split_once('/').unwrap().0
    }

    /// The addresses of all its pages. Fails when the browser does not answer.
    pub async fn pages(&self) -> Vec<String> {
        let targets = Client::new(&format!("http://{}", self.address()), "").get("/json/list").await.expect(200);
        let pages = targets.body.as_array().unwrap().iter().filter(|target| target["type"] == "page");
        pages.filter_map(|page| page["url"].as_str()).map(str::to_owned).collect()
    }

    /// Kills the browser.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}
