//! A running `capture forward`, with a port of its own for one session.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
};

use crate::{Client, server::program};

/// How long the program may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A forwarded session. Dropping it kills the program.
#[derive(Debug)]
pub struct Port {
    child: Child,
    address: String,
}

impl Port {
    /// Forwards a session of this user.
    pub async fn open(base: &str, user: &Client, session: &str) -> Self {
        let mut command = program();
        command.args(["forward", session, "--server-url", base]).env("CAPTURE_TOKEN", user.token());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it prints its address").unwrap();
        let first = first.expect("it prints its address");
        let address = first.rsplit_once("http://").expect("an address").1.to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{first}");
        Self { child, address }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the program ends by itself. Returns whether it succeeded, and its output.
    pub async fn ended(self) -> (bool, String) {
        let output = tokio::time::timeout(PATIENCE, self.child.wait_with_output()).await.expect("it ends").unwrap();
        let Output { status, stderr, .. } = output;
        (status.success(), String::from_utf8(stderr).unwrap())
    }
}
