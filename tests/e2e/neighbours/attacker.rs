//! The attacking user: opens sessions and pages, sends requests without end, and tolerates every answer but a crash.

use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use capture_tests::Client;
use futures::future::join_all;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::{
    attack::{Ask, Attack, By, Clients},
    caller::{Answer, Caller},
    stage::Stage,
};
use crate::attacks::devtools::Devtools;

/// Pause between two rounds of requests.
const PAUSE: Duration = Duration::from_millis(20);
/// How long an attack may take to prepare.
const PREPARES: Duration = Duration::from_secs(20);
/// How long a page may take to open, in milliseconds; the attack goes on either way.
const OPENS_MS: u64 = 5_000;

/// Number of attackers so far: the calls of each come from an address of its own.
static ATTACKERS: AtomicU8 = AtomicU8::new(0);
/// The address of all plain sockets. Connections are limited per address, and an attacker with many addresses is not
/// what these tests are about.
pub(super) const SOCKETS: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);

/// An attacking user.
#[derive(Debug)]
pub(super) struct Attacker<'a> {
    pub(super) stage: &'a Stage,
    pub(super) caller: Caller,
    /// When the attack began; `None` while it is being prepared.
    under_way: Mutex<Option<Instant>>,
    /// Sessions that it is known to have had, each once.
    sessions: Mutex<BTreeSet<String>>,
    /// Answers that reveal a defect of the server.
    broken: Mutex<Vec<String>>,
}

impl<'a> Attacker<'a> {
    pub(super) fn new(stage: &'a Stage, client: &Client) -> Self {
        let (under_way, sessions, broken) = (Mutex::default(), Mutex::default(), Mutex::default());
        let number = ATTACKERS.fetch_add(1, Ordering::Relaxed);
        let caller = Caller::like(client, stage.base(), Ipv4Addr::new(127, 0, 1, number));
        Self { stage, caller, under_way, sessions, broken }
    }

    /// Attacks until cancelled; an attack that ends by itself is started again.
    pub(super) async fn run(&self, attack: &Attack) {
        match attack.by {
            By::Page(script, asks) => self.run_page(attack.name, script, asks).await,
            By::Devtools(clients) => self.run_devtools(&clients).await,
            By::Program(program) => {
                self.begin();
                program(self).await;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Records that the preparation is complete.
    fn begin(&self) {
        *self.under_way.lock() = Some(Instant::now());
    }

    /// Waits until the attack has run for this long, or its preparation has timed out. Returns when the attack began.
    pub(super) async fn has_attacked_for(&self, time: Duration) -> Option<Instant> {
        let end = Instant::now() + PREPARES + time;
        while Instant::now() < end {
            let since = *self.under_way.lock();
            if since.is_some_and(|since| since.elapsed() >= time) {
                return since;
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    /// Fails if an answer revealed a defect of the server.
    pub(super) fn broken(&self) -> Result<(), String> {
        match self.broken.lock().first() {
            Some(first) => Err(first.clone()),
            None => Ok(()),
        }
    }

    /// Closes all of its sessions until none is left, including those that were being created when the attack was
    /// cancelled.
    ///
    /// # Errors
    /// Closing them takes too long.
    pub(super) async fn close_all(&self, within: Duration) -> Result<(), String> {
        let end = Instant::now() + within;
        loop {
            let closed = self.caller.delete("/v1/sessions").await?;
            let ids = closed.body["sessions"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str());
            self.sessions.lock().extend(ids.map(str::to_owned));
            let listed = self.caller.get("/v1/sessions").await?;
            if closed.status == 200 && closed.body["sessions"] == json!([]) && listed.body["activeSessionCount"] == 0 {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(format!("not closed within {within:?}: {}, {}", closed.short(), listed.short()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The sessions it had.
    pub(super) fn sessions(&self) -> Vec<String> {
        self.sessions.lock().iter().cloned().collect()
    }

    /// A session with default options; `None` when it is refused, which is permitted.
    pub(super) async fn create(&self) -> Option<String> {
        self.create_with(&json!({"maxTtlSeconds": 240})).await
    }

    /// Records a session that was created in another way.
    pub(super) fn remember(&self, id: &str) {
        self.sessions.lock().insert(id.to_owned());
    }

    /// Another user with these credits.
    pub(super) async fn another(&self, name: &str, credits: u64) -> Caller {
        Caller::like(&self.stage.user(name, credits).await, self.stage.base(), SOCKETS)
    }

    pub(super) async fn create_with(&self, options: &Value) -> Option<String> {
        match self.caller.create(options).await {
            Ok(id) => {
                self.remember(&id);
                Some(id)
            }
            Err(answer) => {
                self.see("create", Ok(answer));
                None
            }
        }
    }

    /// Runs an action. Every answer of the contract but `internal` is permitted.
    pub(super) async fn act(&self, id: &str, kind: &str, payload: Value) {
        let answer = self.caller.act(id, kind, payload).await;
        self.see(kind, answer);
    }

    /// A session with this script running in a page; `None` when no session is granted.
    pub(super) async fn open(&self, name: &str, script: &str) -> Option<String> {
        *self.under_way.lock() = None;
        let id = self.create().await?;
        self.show(&id, name, script).await;
        self.begin();
        Some(id)
    }

    async fn show(&self, id: &str, name: &str, script: &str) {
        let url = self.stage.serve(name, script);
        self.act(id, "goto", json!({"url": url, "timeoutMs": OPENS_MS})).await;
        self.act(id, "click", json!({"selector": "#go", "timeoutMs": 2000})).await;
    }

    async fn run_page(&self, name: &str, script: &str, asks: &[Ask]) {
        let Some(id) = self.open(name, script).await else { return };
        while !asks.is_empty() {
            for (kind, payload) in asks {
                self.act(&id, kind, serde_json::from_str(payload).unwrap()).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn run_devtools(&self, clients: &Clients) {
        let Some(id) = self.create_with(&json!({"cdp": true, "maxTtlSeconds": 240})).await else { return };
        join_all((0..clients.count).map(|_| self.run_client(&id, clients))).await;
    }

    /// Runs one client until its connection is closed.
    async fn run_client(&self, id: &str, clients: &Clients) {
        let Some((mut devtools, page)) = self.connect(id).await else { return };
        let go = format!("setTimeout(() => {{ {} }})", clients.script);
        let _ = devtools.ask(Some(&page), "Runtime.evaluate", json!({"expression": go, "userGesture": true})).await;
        self.begin();
        loop {
            for (number, (method, params)) in clients.commands.iter().enumerate() {
                let params: Value = serde_json::from_str(params).unwrap();
                if clients.reads {
                    // An error is permitted: the command may be refused, fail, or have too large an answer.
                    let _ = devtools.ask(Some(&page), method, params).await;
                } else {
                    let command = json!({"id": 1_000 + number, "method": method, "params": params, "sessionId": page});
                    devtools.send(Message::text(command.to_string())).await;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A client of a session's `connectUrl` with a page of its own; `None` when it is refused.
    pub(super) async fn connect(&self, id: &str) -> Option<(Devtools, String)> {
        let session = self.caller.get(&format!("/v1/sessions/{id}")).await.ok()?;
        let url = session.body["session"]["connectUrl"].as_str()?;
        let mut devtools = Devtools::connect(url).await.ok()?;
        let (_, page) = devtools.open_page().await.ok()?;
        Some((devtools, page))
    }

    fn see(&self, what: &str, answer: Result<Answer, String>) {
        match answer {
            Ok(answer) if answer.status == 500 => self.broken.lock().push(format!("{what}: {}", answer.short())),
            Ok(_) => {}
            Err(why) => self.broken.lock().push(format!("{what}: {why}")),
        }
    }
}
