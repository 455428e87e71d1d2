//! The real server: the `capture` program as a process with a data directory of its own.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
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

/// The flags of a server that the test does not set itself. The sites of the tests are on loopback, so private
/// addresses are allowed; stories about the guard set that flag themselves. The first browser, which every server
/// starts, serves the first user; no further browser is kept ready.
fn usual(flags: &[&str]) -> Vec<&'static str> {
    let says = |name: &str| flags.iter().any(|flag| flag.starts_with(name));
    let mut usual = Vec::new();
    if !says("--listen") {
        usual.extend(["--listen", "127.0.0.1:0"]);
    }
    if !says("--egress") {
        usual.push("--egress-private");
    }
    // Instances with a Redis in common need the server key in common; their folders are not.
    if says("--redis-url") && !says("--server-key-file") && !says("--dev") {
        usual.extend(["--server-key-file", shared_key()]);
    }
    // Starting a browser that no story needs takes longer than most stories.
    if !says("--browser-warm-pages") {
        usual.extend(["--browser-warm-pages", "0"]);
    }
    usual
}

/// The file of the server key of all instances that share a Redis, where a story has no file of its own. It may be the
/// key of any number of clusters.
fn shared_key() -> &'static str {
    static FILE: OnceLock<String> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = target_folder().join("server.key-of-tests");
        if !file.exists() {
            // Test processes start at once: each writes a file of its own, and puts it in place whole.
            let mut own = tempfile::NamedTempFile::new_in(target_folder()).unwrap();
            own.write_all(b"1:Y2FwdHVyZSBrZXkgb2YgdGVzdHMsIDMyIGJ5dGVzISE\n").unwrap();
            own.persist(&file).unwrap();
        }
        file.to_str().unwrap().to_owned()
    })
}

/// A running server. Dropping it kills it; [`Server::stop`] ends it properly and checks what it leaves behind.
#[derive(Debug)]
pub struct Server {
    child: Child,
    base: String,
    folder: Folder,
    flags: Vec<String>,
    /// The instances that have the browsers, where clients connect to something in front of them.
    behind: Option<Box<Behind>>,
}

#[derive(Debug)]
struct Behind {
    owners: Vec<Server>,
    _redis: Redis,
}

/// The folder of a server's data. It outlives the server, so that another server can be started on it.
#[derive(Debug)]
pub struct Folder {
    temp: TempDir,
    /// The Redis that has the users, if they are not in the folder.
    redis: Option<String>,
    /// Environment variables of its servers.
    environment: Vec<(&'static str, String)>,
    /// Whether stderr of its servers is kept.
    logged: bool,
}

impl Folder {
    /// An empty folder with room for data and browsers.
    pub fn new() -> Self {
        let temp = TempDir::with_prefix("capture-test-").unwrap();
        // As root the browsers run under another uid, which must be able to enter.
        std::fs::set_permissions(temp.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        Self { temp, redis: None, environment: Vec::new(), logged: false }
    }

    /// A folder whose servers use a wall clock that can be stepped.
    pub fn with_clock(clock: &WallClock) -> Self {
        Self { environment: clock.environment(), ..Self::new() }
    }

    /// A folder whose servers have their users in this Redis.
    pub fn sharing(redis: &Redis) -> Self {
        Self { redis: Some(redis.url()), ..Self::new() }
    }

    /// A folder that keeps the stderr of its servers, for [`Folder::log`].
    pub fn logged() -> Self {
        Self { logged: true, ..Self::new() }
    }

    /// Everything that its servers have written to stderr.
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

    /// The folder of the ledger.
    pub fn data(&self) -> PathBuf {
        self.temp.path().join("data")
    }

    /// The folder of the browsers.
    pub fn run_root(&self) -> PathBuf {
        self.temp.path().join("run")
    }

    /// Runs a `capture` command on this folder. Returns whether it succeeded, its stdout and its stderr.
    pub async fn capture(&self, arguments: &[&str]) -> (bool, String, String) {
        let mut command = program();
        command.args(arguments).arg("--data-dir").arg(self.data());
        if let Some(url) = &self.redis {
            command.args(["--redis-url", url]);
        }
        if (self.redis.is_some() || arguments.contains(&"--redis-url")) && !arguments.contains(&"--server-key-file") {
            command.args(["--server-key-file", shared_key()]);
        }
        let output = command.output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// The value that `capture user show` prints beside a label.
    pub async fn account(&self, name: &str, label: &str) -> String {
        let (ok, printed, err) = self.capture(&["user", "show", name]).await;
        assert!(ok, "{printed}{err}");
        let beside = printed.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(' '));
        beside.unwrap_or_else(|| panic!("{label} is shown: {printed}")).trim().to_owned()
    }

    /// Adds a user and returns its bearer token.
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

/// The bearer token in the output of a command, which is the last word of its line.
pub fn token_in(printed: &str) -> String {
    let line = printed.lines().find(|line| line.to_lowercase().contains("bearer")).expect("a bearer token was printed");
    line.rsplit(char::is_whitespace).next().unwrap().to_owned()
}

/// The program that was built together with the tests, or another build beside it that `CAPTURE_BUILD` names, such as
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

/// The `capture` program, without settings from the environment of the tests.
pub fn program() -> Command {
    let mut command = Command::new(executable());
    // glibc keeps freed memory in up to eight arenas for each core, and returns large blocks late. With these settings
    // a test that looks at the memory of the server sees what the server holds.
    command.envs([("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "262144")]);
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

    /// Starts a server on a folder that may have been used before, and waits until it is ready.
    pub async fn start_in(folder: Folder, flags: &[&str]) -> Self {
        let server = Self::launch(folder, flags).await;
        let client = Client::new(&server.base, "");
        until("the server is ready", START, async || client.get("/readyz").await.status == 200).await;
        server
    }

    /// Starts a server and waits until it listens; it may not be ready yet.
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

    /// Adds a user with these options, and returns its client.
    pub async fn user_with(&self, name: &str, options: &[&str]) -> Client {
        Client::new(&self.base, &self.folder.add_user(name, options).await)
    }

    /// Adds a user with unlimited credits, and returns its client.
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

    /// The folder of the server.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The folder of the browsers.
    pub fn run_root(&self) -> PathBuf {
        self.behind.as_ref().map_or(&self.folder, |behind| &behind.owners[0].folder).run_root()
    }

    /// The process id of the server; with several instances, of the one that has the browser.
    pub fn pid(&self) -> u32 {
        self.behind.as_ref().map_or(&self.child, |behind| &behind.owners[0].child).id().unwrap()
    }

    /// Kills the server with SIGKILL, waits until it is gone, and returns its folder.
    pub async fn kill(mut self) -> Folder {
        self.child.kill().await.unwrap();
        self.folder
    }

    /// Kills the server and starts another one with equal flags on its folder.
    pub async fn restart_after_kill(self) -> Self {
        let flags = self.flags.clone();
        let folder = self.kill().await;
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        Self::start_in(folder, &flags).await
    }

    /// The folder of a server that has ended.
    pub fn into_folder(self) -> Folder {
        self.folder
    }

    /// Sends SIGTERM and waits until the server has ended.
    pub async fn terminate(&mut self) -> std::process::ExitStatus {
        processes::signal(self.pid(), Signal::TERM);
        tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await.expect("the server ends").unwrap()
    }

    /// Stops the server properly, and checks that nothing of it is left.
    pub async fn stop(mut self) {
        if let Some(behind) = self.behind.take() {
            for owner in behind.owners {
                Box::pin(owner.stop()).await;
            }
            self.kill().await;
            return;
        }
        let children = processes::descendants(self.pid());
        // A second signal skips the grace period, but only after the first one has been handled.
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

/// Waits until none of these processes runs and no browser's folder is left. The kernel needs a while to remove a
/// killed process on a busy machine.
pub async fn assert_nothing_left(pids: &[u32], run_root: &Path) {
    let gone = async || !pids.iter().any(|pid| processes::is_alive(*pid));
    until(&format!("these processes are gone: {pids:?}"), Duration::from_secs(3), gone).await;
    assert_eq!(processes::entries(run_root), Vec::<String>::new(), "browsers' folders are left");
}
