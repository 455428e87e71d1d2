//! The load during a fault: none, a few clients that send one request after another, or many at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use capture_tests::Reply;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use super::{
    stage::Front,
    traces::{Told, Traces, now},
    watcher,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    Idle,
    Steady,
    Burst,
}

pub(super) const ALL: [Load; 3] = [Load::Idle, Load::Steady, Load::Burst];

/// How long an action waits for a field or a button.
const WITHIN_MS: u64 = 5_000;
/// Pause before a request is repeated under its key.
const AGAIN: Duration = Duration::from_millis(300);

/// The state that all clients of a round share.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) front: Arc<Front>,
    pub(super) traces: Traces,
    pub(super) sessions: Vec<String>,
    over: AtomicBool,
}

impl Scene {
    pub(super) fn new(front: Arc<Front>, sessions: Vec<String>, traces: Traces) -> Arc<Self> {
        Arc::new(Self { front, traces, sessions, over: AtomicBool::new(false) })
    }

    pub(super) fn finish(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Sends one request, and records how long its answer took.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Value,
    ) -> Result<Reply, reqwest::Error> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let sent = Instant::now();
        let reply = self.front.client().try_send(method.clone(), path, &headers, body).await;
        self.traces.answered(sent.elapsed(), &reply);
        if let Ok(reply) = &reply
            && [401, 404, 500].contains(&reply.status)
        {
            self.traces.wrong(format!("{method} {path} → {} {}", reply.status, reply.body));
        }
        reply
    }

    async fn act(&self, id: &str, key: Option<&str>, action: Value) -> Result<Reply, reqwest::Error> {
        self.send(Method::POST, &format!("/v1/sessions/{id}/actions"), key, action).await
    }

    /// Closes a session, and records its end.
    pub(super) async fn close(&self, id: &str) -> bool {
        let asked = now();
        let reply = self.send(Method::DELETE, &format!("/v1/sessions/{id}"), None, Value::Null).await;
        let Ok(reply) = reply else { return false };
        if reply.status == 200 {
            self.traces.close(&reply["session"], (asked, now()));
        }
        reply.status == 200
    }
}

impl Load {
    /// Starts clients that run until the scene is over.
    pub(super) fn begin(self, scene: &Arc<Scene>) -> JoinSet<()> {
        let mut clients = JoinSet::new();
        if self == Self::Idle {
            return clients;
        }
        let (drivers, creators, pace) = match self {
            Self::Burst => (6, 4, Duration::ZERO),
            _ => (1, 1, Duration::from_millis(30)),
        };
        clients.spawn(watcher::watch(Arc::clone(scene), 0));
        for number in 0..drivers {
            for session in 0..scene.sessions.len() {
                clients.spawn(drive(Arc::clone(scene), session, number, pace));
            }
        }
        for number in 0..creators {
            clients.spawn(create(Arc::clone(scene), number, pace));
        }
        clients
    }
}

fn fill(value: &str) -> Value {
    json!({"type": "fill", "payload": {"selector": "#field", "value": value, "timeoutMs": WITHIN_MS}})
}

/// Repeats in turn: a fill, a click, a fill under a key until its outcome is known, and a read.
async fn drive(scene: Arc<Scene>, session: usize, number: usize, pace: Duration) {
    let id = &scene.sessions[session];
    let mut turn = 0;
    while !scene.is_over() {
        turn += 1;
        let name = format!("{id}-{number}-{turn}");
        match turn % 4 {
            1 => scene.traces.action(name.clone(), Told::by(&scene.act(id, None, fill(&name)).await)),
            2 => {
                let click = json!({"type": "click", "payload": {"selector": "#button", "timeoutMs": WITHIN_MS}});
                scene.traces.action(id.clone(), Told::by(&scene.act(id, None, click).await));
            }
            3 => {
                let told = insist(&scene, id, &name).await;
                scene.traces.action(name, told);
            }
            _ => {
                let reply = scene.act(id, None, json!({"type": "title"})).await;
                if reply.is_ok_and(|reply| reply.status == 409) {
                    return; // the session has ended
                }
            }
        }
        tokio::time::sleep(pace).await;
    }
}

/// Repeats a fill under its key until it is known to have been executed, or can no longer be executed.
async fn insist(scene: &Scene, id: &str, name: &str) -> Told {
    let mut told = Told::NotExecuted;
    loop {
        let reply = scene.act(id, Some(name), fill(name)).await;
        told = told.and(Told::by(&reply));
        let is_final = reply.is_ok_and(|reply| !matches!(reply.status, 503 | 504));
        if told == Told::Executed || is_final || scene.is_over() {
            return told;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Repeats: creates a session, reads it and closes it.
async fn create(scene: Arc<Scene>, number: usize, pace: Duration) {
    let mut turn = 0;
    while !scene.is_over() {
        turn += 1;
        let key = (turn % 2 == 0).then(|| format!("create-{number}-{turn}"));
        let reply = scene.send(Method::POST, "/v1/sessions", key.as_deref(), json!({})).await;
        let opened = reply.as_ref().ok().and_then(|reply| reply["session"]["id"].as_str()).map(str::to_owned);
        match opened.filter(|_| Told::by(&reply) == Told::Executed) {
            Some(id) => {
                scene.traces.opened.lock().push(id.clone());
                let _ = scene.act(&id, None, json!({"type": "title"})).await;
                scene.close(&id).await; // if this fails, the session is closed with all others at the end
            }
            None => {
                *scene.traces.doubtful.lock() += usize::from(Told::by(&reply) == Told::Unknown);
                tokio::time::sleep(AGAIN).await;
            }
        }
        tokio::time::sleep(pace).await;
    }
}
