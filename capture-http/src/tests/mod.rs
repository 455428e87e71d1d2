//! The whole edge over the simulated browser, tested through its router.

mod bodies;
mod lifecycle;
mod refusals;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_core::{
    Engine, Limits,
    account::{Account, Accounts, Secret},
    browser::simulated::Simulated,
    ledger::MemoryLedger,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{App, EdgeSettings, router};

/// An edge with the users ann and bob.
struct Edge {
    router: Router,
    engine: Engine,
    ledger: Arc<MemoryLedger>,
}

impl Edge {
    async fn start() -> Self {
        Self::with(Simulated::default(), Limits::default(), EdgeSettings::default()).await
    }

    async fn with(backend: Simulated, limits: Limits, settings: EdgeSettings) -> Self {
        let ledger = Arc::new(MemoryLedger::new());
        for name in ["ann", "bob"] {
            let secret = Secret::chosen(&format!("{name}-secret"));
            ledger.add(Account::new(name.parse().unwrap(), secret.hash())).await.unwrap();
        }
        let engine = Engine::builder().limits(limits).backend(backend).ledger(Arc::clone(&ledger));
        let engine = engine.build().await.unwrap();
        let app = App::new(&engine, Arc::clone(&ledger) as Arc<dyn Accounts>, None, settings).unwrap();
        Self { router: router(Arc::new(app)), engine, ledger }
    }

    /// A request of the user ann.
    fn ask(&self, method: &str, path: &str) -> Ask {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Ask { router: self.router.clone(), request }.bearer("ann:ann-secret")
    }

    /// Creates a session of the user ann.
    async fn session(&self) -> String {
        let reply = self.ask("POST", "/v1/sessions").send().await;
        reply.json()["session"]["id"].as_str().unwrap().to_owned()
    }

    async fn act(&self, id: &str, action: Value) -> Reply {
        self.ask("POST", &format!("/v1/sessions/{id}/actions")).json(&action).send().await
    }

    async fn stop(self) {
        self.engine.shutdown(Duration::ZERO).await;
        assert_eq!(self.engine.live_sessions(), 0);
    }
}

struct Ask {
    router: Router,
    request: Request,
}

impl Ask {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    fn bearer(self, credential: &str) -> Self {
        self.header("authorization", &format!("Bearer {}", STANDARD.encode(credential)))
    }

    fn anonymous(mut self) -> Self {
        self.request.headers_mut().remove(header::AUTHORIZATION);
        self
    }

    fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    async fn send(self) -> Reply {
        let (parts, body) = self.router.oneshot(self.request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let reply = Reply { status: parts.status, headers: parts.headers, body };
        reply.assert_common();
        reply
    }
}

#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts what holds of every reply.
    fn assert_common(&self) {
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert!(!self.header("x-request-id").is_empty());
        assert!(self.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }

    /// Asserts a refusal in the shape that all refusals share.
    #[track_caller]
    fn assert_refused(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(body["success"], false);
        assert_eq!(body["requestId"], self.header("x-request-id"));
        for (field, valid) in [
            ("error", body["error"].as_str().is_some_and(|error| !error.is_empty())),
            ("hint", body["hint"].as_str().is_some_and(|hint| !hint.is_empty())),
            ("retryable", body["retryable"].is_boolean()),
            (
                "outcome",
                ["not_executed", "executed", "unknown"].contains(&body["outcome"].as_str().unwrap_or_default()),
            ),
            ("session", body.get("session").is_some() == body.get("expiresInSeconds").is_some()),
        ] {
            assert!(valid, "{field}: {body}");
        }
        body
    }
}

/// The keys of an object, sorted.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn title() -> Value {
    json!({"type": "title"})
}
