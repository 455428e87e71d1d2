//! A server of a user that hears notifications, and the signatures of both sides.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::IntoResponse,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_core::account::Secret;
use capture_tests::{Client, until};
use parking_lot::Mutex;

/// A request that was heard.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

#[derive(Debug, Default)]
struct Ears {
    heard: Mutex<VecDeque<Heard>>,
    /// Statuses of the first answers; later ones are 200.
    statuses: Mutex<VecDeque<u16>>,
    count: AtomicUsize,
}

/// Hears everything that is sent to it, until its test ends.
#[derive(Debug)]
pub(super) struct Listener {
    base: String,
    ears: Arc<Ears>,
}

impl Listener {
    /// Listens on this address, and answers the first requests with these statuses.
    #[expect(clippy::disallowed_methods, reason = "the listener ends with its test's runtime")]
    pub(super) async fn start(address: &str, statuses: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind((address, 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let ears = Arc::new(Ears { statuses: Mutex::new(statuses.iter().copied().collect()), ..Ears::default() });
        let routes = Router::new().fallback(hear).with_state(Arc::clone(&ears));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { base, ears }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Waits for the next request.
    pub(super) async fn next(&self) -> Heard {
        let mut next = None;
        until("a notification arrives", Duration::from_secs(30), async || {
            next = self.ears.heard.lock().pop_front();
            next.is_some()
        })
        .await;
        next.unwrap()
    }

    /// Number of requests so far.
    pub(super) fn connections(&self) -> usize {
        self.ears.count.load(Ordering::Relaxed)
    }
}

async fn hear(State(ears): State<Arc<Ears>>, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    ears.count.fetch_add(1, Ordering::Relaxed);
    ears.heard.lock().push_back(Heard { path: uri.to_string(), headers, body });
    let status = ears.statuses.lock().pop_front().unwrap_or(200);
    (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")])
}

/// What this user signs a body with.
pub(super) fn signature(user: &Client, body: &[u8]) -> [u8; 32] {
    let token = String::from_utf8(STANDARD.decode(user.token()).unwrap()).unwrap();
    Secret::chosen(token.split_once(':').unwrap().1).sign(body)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
