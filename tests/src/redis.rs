//! A real Redis on loopback with a folder of its own.

use std::{net::TcpListener, path::PathBuf, process::Stdio, time::Duration};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

use crate::{processes, until};

const START: Duration = Duration::from_secs(20);

/// A running `redis-server`. Dropping it kills it.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    dir: TempDir,
    flags: Vec<String>,
}

impl Redis {
    /// A Redis without persistence, which is empty after a restart.
    pub async fn start() -> Self {
        Self::start_with(&["--appendonly", "no"]).await
    }

    /// A Redis that persists every write.
    pub async fn start_durable() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"]).await
    }

    /// A Redis with these flags.
    pub async fn start_with(flags: &[&str]) -> Self {
        let port = free_port();
        let (dir, flags) =
            (TempDir::with_prefix("capture-redis-").unwrap(), flags.iter().map(|flag| (*flag).to_owned()).collect());
        let child = launch(port, &dir.path().to_path_buf(), &flags);
        let redis = Self { child, port, dir, flags };
        redis.ready().await;
        redis
    }

    /// The port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address in the format of the `redis-url` setting.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops the process, which then does not answer until [`Redis::go_on`], as on a machine that swaps.
    pub fn pause(&self) {
        processes::signal(self.child.id().unwrap(), Signal::STOP);
    }

    /// Continues the process.
    pub fn go_on(&self) {
        processes::signal(self.child.id().unwrap(), Signal::CONT);
    }

    /// Kills the process and starts it again on its data after `away`.
    pub async fn restart(&mut self, away: Duration) {
        let _ = self.child.kill().await; // the process may be dead already
        tokio::time::sleep(away).await;
        self.child = launch(self.port, &self.dir.path().to_path_buf(), &self.flags);
        self.ready().await;
    }

    /// Kills the process and starts it again without its data after `away`.
    pub async fn restart_empty(&mut self, away: Duration) {
        self.child.kill().await.unwrap();
        std::fs::remove_dir_all(self.dir.path().join("appendonlydir")).unwrap();
        self.restart(away).await;
    }

    /// Sends one command and returns the answer as text.
    pub async fn ask(&self, words: &[&str]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let mut request = format!("*{}\r\n", words.len());
        let words = words.iter().map(|word| [format!("${}", word.len()), (*word).to_owned()]);
        for line in words.flatten() {
            request.push_str(&line);
            request.push_str("\r\n");
        }
        // The answer is complete when the connection is closed, which QUIT causes.
        stream.write_all((request + "*1\r\n$4\r\nQUIT\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.trim_end_matches("+OK\r\n").to_owned()
    }

    /// The strings in the answer to a command, in order; an integer 1 is returned as `:1`.
    pub async fn words(&self, words: &[&str]) -> Vec<String> {
        let answer = self.ask(words).await;
        answer.lines().filter(|line| !line.starts_with(['*', '$'])).map(str::to_owned).collect()
    }

    async fn ready(&self) {
        let answers = async || {
            TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() && self.ask(&["PING"]).await.contains("PONG")
        };
        until("redis is ready", START, answers).await;
    }
}

fn launch(port: u16, dir: &PathBuf, flags: &Vec<String>) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(dir).args(flags);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().expect("`make test` installs redis-server")
}

/// A port that is unused at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
