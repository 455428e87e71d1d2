//! One Chromium process: started under an unprivileged uid with an empty environment, watched, and always reaped.
//!
//! This module must not know the DevTools protocol.

use std::{
    fs,
    net::SocketAddr,
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::unix::pipe,
    process::Child,
    sync::watch,
};

use super::{flags, last_words::LastWords, memory, run_root::BrowserDir, runtime::BrowserRuntime, sandbox, uids::Uid};
use crate::browser::{Unavailable, chromium::config::Program};

/// Size of the pipes in bytes. A picture of a typical page fits, so that neither side waits for the other.
const PIPE_BYTES: usize = 1 << 20;
/// How long a browser that was told to close may take before it is killed.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// A running browser process and its folder.
#[derive(Debug)]
pub(crate) struct ChromiumProcess {
    pid: u32,
    folder: PathBuf,
    exited: watch::Receiver<bool>,
    log: Arc<Mutex<LastWords>>,
}

/// Our ends of the debugging pipes.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) to_browser: pipe::Sender,
    pub(crate) from_browser: pipe::Receiver,
}

/// What differs between browsers.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) program: &'a Program,
    /// The proxy for all traffic that has no other one.
    pub(crate) egress: SocketAddr,
    /// All ports that it may connect to over TCP.
    pub(crate) ports: Vec<u16>,
    /// The uid it runs under, if that is not ours.
    pub(crate) uid: Option<Uid>,
}

impl ChromiumProcess {
    /// Starts the browser in `dir`, which is removed after it has exited.
    pub(crate) fn start(
        runtime: &BrowserRuntime,
        dir: BrowserDir,
        launch: Launch<'_>,
    ) -> Result<(Self, Pipes), Unavailable> {
        let BrowserRuntime { config, tasks, .. } = runtime;
        let (commands_read, commands_write) = std::io::pipe().map_err(unprepared)?;
        let (replies_read, replies_write) = std::io::pipe().map_err(unprepared)?;
        let pipes = Pipes {
            to_browser: pipe::Sender::from_owned_fd(roomy(commands_write.into())).map_err(unprepared)?,
            from_browser: pipe::Receiver::from_owned_fd(roomy(replies_read.into())).map_err(unprepared)?,
        };
        let mut command = command(config.sandbox, dir.path(), &launch);
        let fds = vec![
            FdMapping { parent_fd: commands_read.into(), child_fd: 3 },
            FdMapping { parent_fd: replies_write.into(), child_fd: 4 },
        ];
        command.fd_mappings(fds).map_err(|collision| unprepared(std::io::Error::other(collision)))?;
        let spawned = sandbox::spawn(command.into(), &launch.ports);
        let mut child = spawned.map_err(|source| {
            let program = launch.program.executable.display().to_string();
            Unavailable::Spawn { program, source: Arc::new(source) }
        })?;
        let pid = child.id().unwrap_or_default();
        if let Err(error) = dir.record(pid) {
            tracing::warn!(pid, %error, "a browser could not be recorded for a later sweep");
        }
        let log = Arc::default();
        if let Some(stderr) = child.stderr.take() {
            tasks.spawn(keep_log(stderr, Arc::clone(&log)));
        }
        let folder = dir.path().to_owned();
        let (uid, (exit, exited)) = (launch.uid, watch::channel(false));
        tasks.spawn(watch_exit(child, pid, uid, dir, exit));
        Ok((Self { pid, folder, exited, log }, pipes))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The folder of its files, until it is gone.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Completes once the process is gone and reaped.
    pub(crate) async fn exited(&self) {
        let mut exited = self.exited.clone();
        let _ = exited.wait_for(|exited| *exited).await; // if the watching task is gone, so is the process
    }

    pub(crate) fn has_exited(&self) -> bool {
        *self.exited.borrow()
    }

    /// Kills the process with all its children at once.
    pub(crate) fn kill(&self) {
        if !self.has_exited() {
            kill_group(self.pid);
        }
    }

    /// Waits a bounded time for the process to close by itself, then kills it.
    pub(crate) async fn end(&self) {
        if tokio::time::timeout(CLOSE_GRACE, self.exited()).await.is_err() {
            self.kill();
            self.exited().await;
        }
    }

    /// The last lines of its log, to explain why it did not start.
    pub(crate) fn last_words(&self) -> String {
        self.log.lock().telling()
    }

    /// Memory of all its processes in bytes, with shared pages divided among them. Reads `/proc`, which takes
    /// milliseconds.
    pub(crate) fn memory_bytes(&self) -> u64 {
        memory::proportional_bytes(self.pid)
    }
}

fn unprepared(error: std::io::Error) -> Unavailable {
    Unavailable::system("pipe or folder for a browser")(error)
}

fn command(sandbox: bool, dir: &Path, launch: &Launch<'_>) -> Command {
    // The shell sets a limit and then becomes the browser. It disables core dumps, which would contain the pages of
    // sessions.
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "ulimit -c 0; exec \"$0\" \"$@\""])
        .arg(&launch.program.executable)
        .args(flags::arguments(launch.program, sandbox, &dir.join("profile"), launch.egress))
        .env_clear() // it must not inherit our secrets
        .env("HOME", dir.join("home"))
        .env("TMPDIR", dir.join("tmp"))
        .env("XDG_CONFIG_HOME", dir.join("home"))
        .env("XDG_CACHE_HOME", dir.join("home"))
        .env("XDG_RUNTIME_DIR", dir.join("tmp"))
        .env("LANG", "en_US.UTF-8")
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(uid) = &launch.uid {
        command.uid(uid.number()).gid(uid.number());
    }
    command
}

/// Enlarges a pipe, if the system allows it.
fn roomy(fd: OwnedFd) -> OwnedFd {
    let _ = rustix::pipe::fcntl_setpipe_size(&fd, PIPE_BYTES); // the default size works too
    fd
}

async fn keep_log(mut stderr: impl AsyncRead + Unpin, log: Arc<Mutex<LastWords>>) {
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut piece).await {
        log.lock().hear(piece.get(..read).unwrap_or_default());
    }
}

/// Reaps the process, ends what is left of its group, and removes its folder.
async fn watch_exit(mut child: Child, pid: u32, uid: Option<Uid>, dir: BrowserDir, exit: watch::Sender<bool>) {
    match child.wait().await {
        Ok(status) => tracing::info!(pid, %status, "browser exited"),
        Err(error) => tracing::warn!(pid, %error, "browser could not be waited for"),
    }
    kill_group(pid);
    remove(dir).await;
    drop(uid); // only now may another browser use the uid
    exit.send_replace(true);
}

/// Removes the folder once the children are gone. They end a moment after the process and may still write.
async fn remove(dir: BrowserDir) {
    for _ in 0..20 {
        if fs::remove_dir_all(dir.path()).is_ok() || !dir.path().exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn kill_group(leader: u32) {
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL); // fails when it is already gone
    }
}
