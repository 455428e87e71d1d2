//! The surroundings in which rows are tried: a server, the site it may reach, an attacker, and a bystander.

use std::{net::UdpSocket, os::unix::fs::PermissionsExt, time::Duration};

use capture_tests::{Client, Server, processes};
use serde_json::json;
use tempfile::TempDir;
use tokio::{sync::OnceCell, time::Instant};

use super::{
    attacker_site::{AttackerSite, TITLE},
    canary::Canary,
    devtools::Devtools,
};

/// How long opening a page may take for the bystander while the machine is busy with an attack.
const PATIENCE: Duration = Duration::from_secs(8);

/// A server with its surroundings.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) server: Server,
    pub(super) site: AttackerSite,
    pub(super) attacker: Client,
    bystander: (Client, String),
    driven: OnceCell<String>,
    other: OnceCell<String>,
    folder: TempDir,
    own: String,
}

impl Arena {
    /// A server with the default guard, through which only the site can be reached.
    pub(super) async fn guarded() -> Self {
        let site = AttackerSite::start().await;
        let rule = site.address().to_string();
        Self::start(site, &["--egress-allow", &rule]).await
    }

    /// A server whose guard lets everything through.
    pub(super) async fn open() -> Self {
        Self::start(AttackerSite::start().await, &["--egress-allow", "0.0.0.0/0,::/0"]).await
    }

    async fn start(site: AttackerSite, flags: &[&str]) -> Self {
        // All users share a browser, because isolation is harder there.
        let server = Server::start_with(&[flags, &["--browser-isolation", "context"]].concat()).await;
        let (attacker, bob) = (server.user("ann").await, server.user("bob").await);
        let id = bob.create(&json!({"maxTtlSeconds": 900})).await;
        let folder = TempDir::with_prefix("capture-loot-").unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let own = own_address().unwrap_or_else(|| "127.0.0.3".to_owned());
        let (driven, other) = (OnceCell::new(), OnceCell::new());
        Self { server, site, attacker, bystander: (bob, id), driven, other, folder, own }
    }

    /// Fills the placeholders of a text.
    pub(super) fn fill(&self, text: &str, canary: &Canary) -> String {
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let hostname = if hostname.trim().is_empty() { "localhost" } else { hostname.trim() };
        text.replace("{{canary}}", &format!("127.0.0.1:{}", canary.port()))
            .replace("{{port}}", &canary.port().to_string())
            .replace("{{own}}", &self.own)
            .replace("{{site}}", &self.site.address().to_string())
            .replace("{{site-host}}", &self.site.address().ip().to_string())
            .replace("{{folder}}", &self.folder.path().to_string_lossy())
            .replace("{{server}}", self.server.address())
            .replace("{{hostname}}", hostname)
    }

    /// Checks that another user's session in the attacked browser works, by opening a page.
    pub(super) async fn look_at_bystander(&self) -> Result<(), String> {
        let (bob, id) = &self.bystander;
        let begun = Instant::now();
        let opened = bob.act(id, "goto", json!({"url": self.site.common()})).await;
        match begun.elapsed() {
            took if took > PATIENCE => Err(format!("a bystander waited {took:?}")),
            _ if opened["title"] != TITLE => Err(format!("a bystander was told {}", opened.body)),
            _ => Ok(()),
        }
    }

    /// A connection to a browser through a `connectUrl`; all connections reach one session.
    pub(super) async fn connect(&self) -> Result<Devtools, String> {
        let create = async || self.attacker.create(&json!({"cdp": true, "maxTtlSeconds": 900})).await;
        let id = self.driven.get_or_init(create).await;
        let url = connect_url(&self.attacker, id).await?;
        Devtools::connect(&url).await.map_err(|status| format!("not connected: {status}"))
    }

    /// The page of another user's session that has a `connectUrl`.
    pub(super) async fn other_target(&self) -> Result<String, String> {
        let look = async || {
            let bob = &self.bystander.0;
            let id = bob.create(&json!({"cdp": true, "maxTtlSeconds": 900})).await;
            let mut devtools = Devtools::connect(&connect_url(bob, &id).await?).await.map_err(|no| no.to_string())?;
            devtools.open_page().await.map(|(target, _)| target)
        };
        self.other.get_or_try_init(look).await.cloned()
    }

    /// Stops the server. It must leave nothing behind, and must have written nothing.
    pub(super) async fn stop(self) {
        assert_eq!(processes::entries(self.folder.path()), Vec::<String>::new(), "files that were written");
        self.server.stop().await;
    }
}

/// A new `connectUrl` of a session.
pub(super) async fn connect_url(client: &Client, id: &str) -> Result<String, String> {
    let session = client.session(id).await;
    let url = session["session"]["connectUrl"].as_str().map(str::to_owned);
    url.ok_or_else(|| format!("no connectUrl: {}", session.body))
}

/// This machine's address in its network, if it has one. No packet is sent.
fn own_address() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("203.0.113.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}
