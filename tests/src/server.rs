//! The real server: the `capture` program as a process with a data dir of its own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{Client, Redis, Shape, WallClock, balancer, processes, shape, site::target_folder, until};

/// How long the server may take to start with its first browser on a busy machine.
const START: Duration = Duration::from_secs(60);

/// What a server is started with unless the flags say otherwise: the sites of the tests are on loopback, and the stories
/// about the guard say themselves what it allows. The browser that every server starts first is for its first user;
/// none is kept ready behind it.
fn usual(flags: &[&str]) -> Vec<&'static str> {
    let says = |name: &str| flags.iter().any(|flag| flag.starts_with(name));
    let mut usual = Vec::new();
    if !says("--listen") {
        usual.extend(["--listen", "127.0.0.1:0"]);
    }
    if !says("--egress") {
        usual.push("--egress-private");
    }
    // Starting a browser that no story needs takes longer than most of them.
    if !says("--browser-warm-pages") {
        usual.extend(["--browser-warm-pages", "0"]);
    }
    usual
}

/// A running server. Dropping it kills it; [`Server::stop`] ends it properly and looks for what is left.
#[derive(Debug)]
pub struct Server {
    child: Child,
    base: String,
    folder: Folder,
    flags: Vec<String>,
    /// The instances that have browsers, where clients reach something before them.
    behind: Option<Box<Behind>>,
}

#[derive(Debug)]
struct Behind {
    owners: Vec<Server>,
    _redis: Redis,
}

/// Where a server keeps its things; outlives the server, so that another one can be started on it.
#[derive(Debug)]
pub struct Folder {
    temp: TempDir,
    /// Where users are kept, if not here.
    redis: Option<String>,
    /// What its servers are told in the environment.
    environment: Vec<(&'static str, String)>,
    /// Whether what its servers write to stderr is kept.
    logged: bool,
}

impl Folder {
    /// An empty folder with room for data and browsers.
    pub fn new() -> Self {
        let temp = TempDir::with_prefix("capture-test-").unwrap();
        // Browsers run under another uid when we are root; they must be able to enter.
        std::fs::set_permissions(temp.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        Self { temp, redis: None, environment: Vec::new(), logged: false }
    }

    /// A folder whose servers live by a wall clock that can be stepped.
    pub fn with_clock(clock: &WallClock) -> Self {
        Self { environment: clock.environment(), ..Self::new() }
    }

    /// A folder of a server that keeps its users in this Redis.
    pub fn sharing(redis: &Redis) -> Self {
        Self { redis: Some(redis.url()), ..Self::new() }
    }

    /// A folder whose servers' stderr is kept, to be read with [`Folder::log`].
    pub fn logged() -> Self {
        Self { logged: true, ..Self::new() }
    }

    /// Everything its servers wrote to stderr so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.temp.path().join("log")
    }

    fn stderr(&self) -> Stdio {
        if !self.logged {
            return Stdio::inherit();
        }
        std::fs::File::options().create(true).append(true).open(self.log_file()).unwrap().into()
    }

    /// The ledger's folder.
    pub fn data(&self) -> PathBuf {
        self.temp.path().join("data")
    }

    /// The browsers' folder.
    pub fn run_root(&self) -> PathBuf {
        self.temp.path().join("run")
    }

    /// Runs a `capture` command on this folder and returns what it printed.
    pub async fn capture(&self, arguments: &[&str]) -> (bool, String, String) {
        let mut command = program();
        command.args(arguments).arg("--data-dir").arg(self.data());
        if let Some(url) = &self.redis {
            command.args(["--redis-url", url]);
        }
        let output = command.output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// What `capture user show` prints beside a label.
    pub async fn account(&self, name: &str, label: &str) -> String {
        let (ok, printed, err) = self.capture(&["user", "show", name]).await;
        assert!(ok, "{printed}{err}");
        let beside = printed.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(' '));
        beside.unwrap_or_else(|| panic!("{label} is shown: {printed}")).trim().to_owned()
    }

    /// Adds a user and returns the bearer token that was printed.
    pub async fn add_user(&self, name: &str, more: &[&str]) -> String {
        let mut arguments = vec!["user", "add", name];
        arguments.extend(more);
        let (ok, out, err) = self.capture(&arguments).await;
        assert!(ok, "{out}{err}");
        token_in(&out)
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

/// The bearer token in what a command printed: the line that speaks of it ends with it.
pub fn token_in(printed: &str) -> String {
    let line = printed.lines().find(|line| line.to_lowercase().contains("bearer")).expect("a bearer token was printed");
    line.rsplit(char::is_whitespace).next().unwrap().to_owned()
}

/// The build of the program that was made with the tests, unless `CAPTURE_BUILD` names another one beside it, as
/// `release`.
fn executable() -> PathBuf {
    match std::env::var_os("CAPTURE_BUILD") {
        Some(build) => target_folder().join(build).join("capture"),
        None => {
            let exe = std::env::current_exe().unwrap();
            let built = exe.ancestors().map(|folder| folder.join("capture")).find(|program| program.is_file());
            built.expect("`make test` builds capture first")
        }
    }
}

/// The `capture` program, with nothing of our own environment's settings.
pub fn program() -> Command {
    let mut command = Command::new(executable());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CAPTURE_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

impl Server {
    /// A server with default settings.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server with these flags.
    pub async fn start_with(flags: &[&str]) -> Self {
        Self::start_in(Folder::new(), flags).await
    }

    /// A server on a folder that may have been used before; ready when this returns.
    pub async fn start_in(folder: Folder, flags: &[&str]) -> Self {
        let server = Self::launch(folder, flags).await;
        let client = Client::new(&server.base, "");
        until("the server is ready", START, async || client.get("/readyz").await.status == 200).await;
        server
    }

    /// A server that listens, but may not be ready.
    pub async fn launch(folder: Folder, flags: &[&str]) -> Self {
        let Some(shape) = shape() else { return Self::launch_one(folder, flags).await };
        let redis = Redis::start().await;
        let url = redis.url();
        let shared = ["--redis-url", &url];
        let mut owners = Vec::new();
        for _ in 0..shape.browsers() {
            owners.push(Self::launch_one(Folder::new(), &[flags, &shared].concat()).await);
        }
        for owner in &owners {
            let client = owner.client("");
            until("an owner is ready", START, async || client.get("/readyz").await.status == 200).await;
        }
        if shape == Shape::Balanced {
            let (child, base) = balancer::launch(owners.iter().map(Self::address), folder.temp.path()).await;
            let folder = Folder { redis: Some(url), ..folder };
            return Self {
                child,
                base,
                folder,
                flags: Vec::new(),
                behind: Some(Box::new(Behind { owners, _redis: redis })),
            };
        }
        let mut flags = flags.to_vec();
        if let Some(at) = flags.iter().position(|flag| *flag == "--max-sessions") {
            flags.drain(at..at + 2);
        }
        let folder = Folder { redis: Some(url.clone()), ..folder };
        let gateway = Self::launch_one(folder, &[&flags, &shared[..], &["--max-sessions", "0"]].concat()).await;
        Self { behind: Some(Box::new(Behind { owners, _redis: redis })), ..gateway }
    }

    async fn launch_one(folder: Folder, flags: &[&str]) -> Self {
        let mut command = program();
        command
            .args(["serve", "--data-dir"])
            .arg(folder.data())
            .arg("--browser-run-root")
            .arg(folder.run_root())
            .args(flags)
            .args(usual(flags))
            .envs(folder.environment.iter().map(|(name, value)| (*name, value)))
            .stderr(folder.stderr())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(START, lines.next_line()).await.expect("the server prints its address");
        let first = first.unwrap().expect("the server prints its address");
        let base = first.rsplit(' ').next().unwrap().to_owned();
        assert!(base.starts_with("http://127.0.0.1:"), "{first}");
        Self { child, base, folder, flags: flags.iter().map(|flag| (*flag).to_owned()).collect(), behind: None }
    }

    /// A new user with these options, as a client.
    pub async fn user_with(&self, name: &str, options: &[&str]) -> Client {
        Client::new(&self.base, &self.folder.add_user(name, options).await)
    }

    /// A new unlimited user, as a client.
    pub async fn user(&self, name: &str) -> Client {
        self.user_with(name, &[]).await
    }

    /// A client with this token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(&self.base, token)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The browsers' folder.
    pub fn run_root(&self) -> PathBuf {
        self.behind.as_ref().map_or(&self.folder, |behind| &behind.owners[0].folder).run_root()
    }

    /// Its pid; that of the instance with the browser, where there are two.
    pub fn pid(&self) -> u32 {
        self.behind.as_ref().map_or(&self.child, |behind| &behind.owners[0].child).id().unwrap()
    }

    /// Kills it without a word, waits until it is gone, and returns what it leaves.
    pub async fn kill(mut self) -> Folder {
        self.child.kill().await.unwrap();
        self.folder
    }

    /// Starts another server with the same flags on what a killed one left.
    pub async fn restart_after_kill(self) -> Self {
        let flags = self.flags.clone();
        let folder = self.kill().await;
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        Self::start_in(folder, &flags).await
    }

    /// Tells it to end, and waits until it has.
    pub async fn terminate(&mut self) -> std::process::ExitStatus {
        processes::signal(self.pid(), Signal::TERM);
        tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await.expect("the server ends").unwrap()
    }

    /// Ends it properly; nothing may be left of it.
    pub async fn stop(mut self) {
        if let Some(behind) = self.behind.take() {
            for owner in behind.owners {
                Box::pin(owner.stop()).await;
            }
            self.kill().await;
            return;
        }
        let children = processes::descendants(self.pid());
        // A second signal skips the grace, once the first one has been seen.
        let mut status = None;
        until("the server ends", Duration::from_secs(15), async || {
            processes::signal(self.pid(), Signal::TERM);
            status = tokio::time::timeout(Duration::from_millis(50), self.child.wait()).await.ok();
            status.is_some()
        })
        .await;
        assert!(status.unwrap().unwrap().success(), "the server ends well");
        assert_nothing_left(&children.into_iter().collect::<Vec<_>>(), &self.folder.run_root()).await;
    }
}

/// Within a moment none of these processes runs, and no browser's folder is there: a killed process takes the kernel a
/// while on a busy machine.
pub async fn assert_nothing_left(pids: &[u32], run_root: &Path) {
    let gone = async || !pids.iter().any(|pid| processes::is_alive(*pid));
    until(&format!("these processes are gone: {pids:?}"), Duration::from_secs(3), gone).await;
    assert_eq!(processes::entries(run_root), Vec::<String>::new(), "browsers' folders are left");
}
