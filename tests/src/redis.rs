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
    /// One that forgets everything when it is restarted.
    pub async fn start() -> Self {
        Self::start_with(&["--appendonly", "no"]).await
    }

    /// One that keeps every write.
    pub async fn start_durable() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"]).await
    }

    /// One with these flags.
    pub async fn start_with(flags: &[&str]) -> Self {
        let port = free_port();
        let (dir, flags) =
            (TempDir::with_prefix("capture-redis-").unwrap(), flags.iter().map(|flag| (*flag).to_owned()).collect());
        let child = launch(port, &dir.path().to_path_buf(), &flags);
        let redis = Self { child, port, dir, flags };
        redis.ready().await;
        redis
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as the `redis-url` setting takes it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops answering until told to go on, as a machine that swaps.
    pub fn pause(&self) {
        processes::signal(self.child.id().unwrap(), Signal::STOP);
    }

    /// Goes on.
    pub fn go_on(&self) {
        processes::signal(self.child.id().unwrap(), Signal::CONT);
    }

    /// Kills it and starts it again on its folder, after a while.
    pub async fn restart(&mut self, away: Duration) {
        let _ = self.child.kill().await; // or it is dead already
        tokio::time::sleep(away).await;
        self.child = launch(self.port, &self.dir.path().to_path_buf(), &self.flags);
        self.ready().await;
    }

    /// The same, but what it kept is gone.
    pub async fn restart_empty(&mut self, away: Duration) {
        self.child.kill().await.unwrap();
        std::fs::remove_dir_all(self.dir.path().join("appendonlydir")).unwrap();
        self.restart(away).await;
    }

    /// One command; its answer as text.
    pub async fn ask(&self, words: &[&str]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let mut request = format!("*{}\r\n", words.len());
        let words = words.iter().map(|word| [format!("${}", word.len()), (*word).to_owned()]);
        for line in words.flatten() {
            request.push_str(&line);
            request.push_str("\r\n");
        }
        // The answer is whole when the connection, told to quit, is closed.
        stream.write_all((request + "*1\r\n$4\r\nQUIT\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.trim_end_matches("+OK\r\n").to_owned()
    }

    /// The texts in the answer to a command, in order; numbers are told as `:1`.
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

/// A port nobody listens on at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
