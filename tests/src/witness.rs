//! A second, independent look at a page: the page itself reports to the test's site whether the claim of a reply is
//! true.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// The script that pages are served with.
pub const SCRIPT: &str = include_str!("witness.js");
/// How long a page may take to answer; a page that is gone or busy does not answer.
const ANSWERS: Duration = Duration::from_millis(1_500);
/// How long a page's request for the next claim stays open.
const ASKS: Duration = Duration::from_secs(60);

/// The pages that can be asked, by the path they were opened under.
#[derive(Debug, Default)]
pub struct Witnesses {
    pages: Mutex<HashMap<String, Arc<Line>>>,
    number: AtomicU64,
    agreed: AtomicU64,
}

/// The connection to one page.
#[derive(Debug)]
struct Line {
    claims: mpsc::Sender<Value>,
    asked: tokio::sync::Mutex<mpsc::Receiver<Value>>,
    told: mpsc::Sender<Value>,
    doubts: tokio::sync::Mutex<mpsc::Receiver<Value>>,
    /// Whether the page failed to answer once, so that the events it has seen since are unknown.
    lost: AtomicBool,
}

impl Default for Line {
    fn default() -> Self {
        let ((claims, asked), (told, doubts)) = (mpsc::channel(8), mpsc::channel(8));
        Self { claims, asked: asked.into(), told, doubts: doubts.into(), lost: AtomicBool::new(false) }
    }
}

impl Witnesses {
    fn line(&self, page: &str) -> Arc<Line> {
        Arc::clone(self.pages.lock().entry(page.to_owned()).or_default())
    }

    /// The objection of the page under this path to the claim of this reply; `None` where it agrees or cannot answer.
    pub async fn doubt(&self, page: &str, kind: &str, payload: &Value, reply: &Value) -> Option<String> {
        let line = self.line(page.trim_start_matches('/'));
        if line.lost.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let claim = json!({"number": number, "kind": kind, "payload": payload, "reply": reply});
        line.claims.try_send(claim).ok()?;
        let mut doubts = line.doubts.lock().await;
        let answer = async {
            while let Some(told) = doubts.recv().await {
                if told["number"] == number {
                    return told["doubt"].as_str().map(str::to_owned);
                }
            }
            None
        };
        let answer = tokio::time::timeout(ANSWERS, answer).await;
        line.lost.store(answer.is_err(), Ordering::Relaxed);
        if matches!(answer, Ok(None)) {
            self.agreed.fetch_add(1, Ordering::Relaxed);
        }
        answer.ok().flatten()
    }

    /// The number of claims that pages confirmed.
    pub fn agreed(&self) -> u64 {
        self.agreed.load(Ordering::Relaxed)
    }
}

pub(crate) fn routes(witnesses: Arc<Witnesses>) -> Router {
    Router::new().route("/ask/{*page}", get(ask)).route("/tell/{*page}", post(tell)).with_state(witnesses)
}

async fn ask(State(witnesses): State<Arc<Witnesses>>, Path(page): Path<String>) -> impl IntoResponse {
    let line = witnesses.line(&page);
    let mut asked = line.asked.lock().await;
    match tokio::time::timeout(ASKS, asked.recv()).await {
        Ok(Some(claim)) => Json(claim).into_response(),
        _ => StatusCode::GONE.into_response(),
    }
}

async fn tell(State(witnesses): State<Arc<Witnesses>>, Path(page): Path<String>, body: String) {
    // The receiver is gone after its timeout.
    let _ = witnesses.line(&page).told.try_send(serde_json::from_str(&body).unwrap_or_default());
}
