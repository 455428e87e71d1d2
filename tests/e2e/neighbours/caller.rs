//! A REST client that parses as little of an answer as possible, because the server is to be measured and not the test.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use capture_tests::Client;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Longer than any deadline of the server: a call that takes this long hangs.
const HANGS: Duration = Duration::from_secs(75);
/// Shorter than the server keeps an idle connection, so that no connection is closed just as it is used again.
const IDLE: Duration = Duration::from_secs(5);
/// Longer answers are not parsed, in bytes.
const LOOKED_INTO: usize = 1 << 20;

/// A user at a server.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An answer: its status, and its body where that is short JSON.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// The relevant part of the answer, for messages.
    pub(super) fn short(&self) -> String {
        let body = &self.body;
        let told = [&body["code"], &body["reason"], &body["error"], &body["session"]["closeReason"]];
        let told: Vec<_> = told.into_iter().filter_map(Value::as_str).collect();
        if told.is_empty() {
            return format!("{} {}", self.status, body.to_string().chars().take(300).collect::<String>());
        }
        format!("{} {}", self.status, told.join(", "))
    }
}

impl Caller {
    /// A client of this user with connections of its own, from this address.
    pub(super) fn like(client: &Client, base: &str, from: Ipv4Addr) -> Self {
        let from = IpAddr::V4(from);
        let http = reqwest::Client::builder().timeout(HANGS).pool_idle_timeout(IDLE).local_address(from);
        let http = http.build().unwrap();
        Self { http, base: base.to_owned(), token: client.token().to_owned() }
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn answer(request: RequestBuilder) -> Result<Answer, String> {
        let gone = |error: reqwest::Error| format!("no answer: {error:?}");
        let mut response = request.send().await.map_err(gone)?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(gone)? {
            if bytes.len() <= LOOKED_INTO {
                bytes.extend_from_slice(&piece);
            }
        }
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, String> {
        Self::answer(self.request(Method::GET, path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Answer, String> {
        Self::answer(self.request(Method::DELETE, path)).await
    }

    pub(super) async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Result<Answer, String> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        Self::answer(request).await
    }

    pub(super) async fn act(&self, id: &str, kind: &str, payload: Value) -> Result<Answer, String> {
        let action = json!({"type": kind, "payload": payload});
        self.post(&format!("/v1/sessions/{id}/actions"), None, &action).await
    }

    /// Creates a session, or returns the answer that refused it.
    pub(super) async fn create(&self, options: &Value) -> Result<String, Answer> {
        let failed = |why: String| Answer { status: 0, body: why.into() };
        let answer = self.post("/v1/sessions", None, options).await.map_err(failed)?;
        match answer.body["session"]["id"].as_str() {
            Some(id) if answer.status == 201 => Ok(id.to_owned()),
            _ => Err(answer),
        }
    }
}
