//! The surroundings of an attack: a server, or two of a cluster, with a site that pages may reach and a user who works
//! there.

use std::time::Duration;

use capture_tests::{Client, Redis, Server, processes, server::Folder, until};
use tokio::time::Instant;

use super::{flood::Flood, neighbour::Neighbour};
use crate::attacks::attacker_site::{AttackerSite, TITLE};

/// Initial credits of users.
pub(super) const CREDITS: u64 = 10_000;
const NEIGHBOUR: &str = "neighbour";
/// A server counts as quiet when nothing changes for this long.
const QUIET: Duration = Duration::from_secs(1);
/// How long a server may take to become quiet, and to free what an attack took.
const SETTLES: Duration = Duration::from_secs(45);
/// Bytes of memory that the server itself may keep, because allocators free lazily.
const KEPT_MEMORY: u64 = 256 << 20;
/// Bytes of memory that the browsers may keep, because their caches have grown.
const KEPT_BY_BROWSERS: u64 = 400 << 20;
const KEPT_DESCRIPTORS: usize = 40;
/// A browser has a folder and a record. The pool may have one browser more than at the quiet moment it is compared
/// with.
const KEPT_BROWSERS: usize = 1;
const KEPT_ENTRIES: usize = 2;

/// A server with its surroundings.
#[derive(Debug)]
pub(super) struct Stage {
    /// The server that clients connect to.
    front: Server,
    /// The instance with the browsers, if that is another one.
    owner: Option<(Server, Redis)>,
    site: AttackerSite,
    flood: Flood,
    pub(super) neighbour: Neighbour,
    before: State,
}

/// The resources that a server holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    memory: u64,
    of_browsers: u64,
    descriptors: usize,
    browsers: usize,
    entries: usize,
}

impl Stage {
    /// One server with default settings, whose pages may reach the site.
    pub(super) async fn alone() -> Self {
        let (site, flood) = (AttackerSite::start().await, Flood::start().await);
        let rule = format!("{},{}", site.address(), flood.address());
        let front = Server::start_in(Folder::logged(), &["--egress-allow", &rule]).await;
        Self::set(front, None, site, flood).await
    }

    /// An instance without browsers in front of one that has them.
    pub(super) async fn through_another() -> Self {
        let (site, flood, redis) = (AttackerSite::start().await, Flood::start().await, Redis::start().await);
        let (rule, url) = (format!("{},{}", site.address(), flood.address()), redis.url());
        let of_owner = ["--egress-allow", &rule, "--redis-url", &url];
        let owner = Server::start_in(Folder::logged(), &of_owner).await;
        let front = Server::start_in(Folder::logged(), &["--redis-url", &url, "--max-sessions", "0"]).await;
        Self::set(front, Some((owner, redis)), site, flood).await
    }

    async fn set(front: Server, owner: Option<(Server, Redis)>, site: AttackerSite, flood: Flood) -> Self {
        let client = add_user(&front, owner.as_ref(), NEIGHBOUR, CREDITS).await;
        let neighbour = Neighbour::start(&client, front.base(), site.common(), TITLE).await;
        let mut stage = Self { front, owner, site, flood, neighbour, before: State::default() };
        stage.before = stage.when_quiet().await;
        stage
    }

    pub(super) fn base(&self) -> &str {
        self.front.base()
    }

    /// Host and port of the server that clients connect to.
    pub(super) fn address(&self) -> &str {
        self.front.address()
    }

    /// A new user with these credits.
    pub(super) async fn user(&self, name: &str, credits: u64) -> Client {
        add_user(&self.front, self.owner.as_ref(), name, credits).await
    }

    /// Serves a page with a button that runs this script, and returns its address.
    pub(super) fn serve(&self, name: &str, script: &str) -> String {
        let script = script.replace("{{flood}}", &self.flood.address().to_string()).replace("</script", "<\\/script");
        let (prelude, name) = (include_str!("prelude.js"), name.replace(|c: char| !c.is_alphanumeric(), "-"));
        let markup = format!(
            "<!doctype html><meta charset=utf-8><title>Attack</title><body><button id=go>go</button><p id=log></p>\
             <script>{prelude}\ngo.onclick = async () => {{ {script} }}</script>"
        );
        self.site.serve(&name, &[], &markup)
    }

    /// The account in the ledger: credits left, and credits held.
    pub(super) async fn account(&self, name: &str) -> (u64, u64) {
        account(&self.front, self.owner.as_ref(), name).await
    }

    fn pids(&self) -> Vec<u32> {
        let owner = self.owner.as_ref().map(|(owner, _)| owner.pid());
        std::iter::once(self.front.pid()).chain(owner).collect()
    }

    /// Resets the peak memory of the servers.
    pub(super) fn forget_peaks(&self) {
        self.pids().into_iter().for_each(processes::forget_peak);
    }

    /// The larger peak memory of the servers since the reset, in bytes.
    pub(super) fn peak(&self) -> u64 {
        self.pids().into_iter().map(processes::peak).max().unwrap_or(0)
    }

    fn state(&self) -> State {
        let owner = self.owner.as_ref().map_or(&self.front, |(owner, _)| owner);
        State {
            memory: self.pids().into_iter().map(processes::own_memory).sum(),
            of_browsers: processes::resident(owner.pid()),
            descriptors: self.pids().into_iter().map(processes::descriptors).sum(),
            browsers: processes::browsers(owner.pid()).len(),
            entries: processes::entries(&owner.run_root()).len(),
        }
    }

    async fn when_quiet(&self) -> State {
        let (mut last, mut since) = (self.state(), Instant::now());
        let same = |a: &State, b: &State| (a.browsers, a.entries) == (b.browsers, b.entries);
        let quiet = async || {
            let now = self.state();
            if !same(&now, &last) {
                since = Instant::now();
            }
            last = now;
            since.elapsed() >= QUIET
        };
        until("the server is quiet", SETTLES, quiet).await;
        self.state()
    }

    /// Waits until everything that an attack took has been freed. Fails with what is still held after that.
    pub(super) async fn gives_back(&self) -> Result<(), String> {
        let (before, end) = (self.before, Instant::now() + SETTLES);
        loop {
            let now = self.state();
            let kept = [
                now.memory <= before.memory + KEPT_MEMORY,
                now.of_browsers <= before.of_browsers + KEPT_BY_BROWSERS,
                now.descriptors <= before.descriptors + KEPT_DESCRIPTORS,
                now.browsers <= before.browsers + KEPT_BROWSERS,
                now.entries <= before.entries + KEPT_ENTRIES,
            ];
            if kept.iter().all(|returned| *returned) {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(format!("after {SETTLES:?} the server holds {now:?}; before it was {before:?}"));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Stops the stage. The neighbour must have paid for its sessions exactly once, and nothing may be left.
    pub(super) async fn stop(self) {
        let Self { front, owner, neighbour, .. } = self;
        let spent = neighbour.stop().await;
        assert_eq!(account(&front, owner.as_ref(), NEIGHBOUR).await, (CREDITS - spent, 0));
        front.stop().await;
        if let Some((owner, _redis)) = owner {
            owner.stop().await;
        }
    }
}

/// The price of a session that has ended: a credit for each started minute.
pub(super) fn price(session: &serde_json::Value) -> u64 {
    session["durationSeconds"].as_u64().unwrap_or(0).div_ceil(60).max(1)
}

async fn add_user(front: &Server, owner: Option<&(Server, Redis)>, name: &str, credits: u64) -> Client {
    let (credits, url) = (credits.to_string(), owner.map(|(_, redis)| redis.url()));
    let mut options = vec!["--credits", &credits];
    options.extend(url.iter().flat_map(|url| ["--redis-url", url]));
    front.user_with(name, &options).await
}

async fn account(front: &Server, owner: Option<&(Server, Redis)>, name: &str) -> (u64, u64) {
    let mut arguments = vec!["user", "show", name];
    let url = owner.map(|(_, redis)| redis.url());
    arguments.extend(url.iter().flat_map(|url| ["--redis-url", url]));
    let (ok, said, error) = front.folder().capture(&arguments).await;
    assert!(ok, "{said}{error}");
    let of = |label: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(label));
        line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_else(|| panic!("no {label} in {said}"))
    };
    (of("credits "), of("held "))
}
