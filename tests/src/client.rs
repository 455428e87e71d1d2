//! A REST client of one user. Every reply is checked against the contract before a test sees it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::contract;
pub use crate::reply::Reply;

/// Longer than any deadline of the server: a call that takes this long hangs.
const HANGS: Duration = Duration::from_secs(75);

/// A user at a server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// A client with this bearer token; an empty token is not sent.
    pub fn new(base: &str, token: &str) -> Self {
        let http = reqwest::Client::builder().timeout(HANGS).build().unwrap();
        Self { http, base: base.to_owned(), token: token.to_owned() }
    }

    /// The bearer token of the user.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A client of the same server that presents nothing.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self { token: String::new(), ..self.clone() }
    }

    /// Sends any request.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Reply {
        let sent = self.try_send(method.clone(), path, headers, body).await;
        sent.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Sends any request, to a server that may be gone.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Reply, reqwest::Error> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let reply = Reply { status, headers, body, bytes };
        contract::check(&method, path, &reply);
        Ok(reply)
    }

    async fn json(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.send(method, path, &all, body.map(|body| body.to_string().into_bytes())).await
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    /// Sends a DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// Sends a POST.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::POST, path, &[], Some(body)).await
    }

    /// Sends a POST with further headers.
    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        self.json(Method::POST, path, headers, Some(body)).await
    }

    /// Creates a session, which must succeed, and returns its id.
    pub async fn create(&self, options: &Value) -> String {
        let reply = self.post("/v1/sessions", options).await.expect(201);
        reply["session"]["id"].as_str().unwrap().to_owned()
    }

    /// Reads a session.
    pub async fn session(&self, id: &str) -> Reply {
        self.get(&format!("/v1/sessions/{id}")).await
    }

    /// Closes a session.
    pub async fn close(&self, id: &str) -> Reply {
        self.delete(&format!("/v1/sessions/{id}")).await
    }

    /// Runs an action.
    pub async fn act(&self, id: &str, kind: &str, payload: Value) -> Reply {
        let reply = self.post(&format!("/v1/sessions/{id}/actions"), &json!({"type": kind, "payload": payload})).await;
        if let (200, Ok(kind)) = (reply.status, kind.parse()) {
            contract::check_fields(kind, &reply.body);
        }
        reply
    }

    /// Runs an action that must succeed.
    pub async fn done(&self, id: &str, kind: &str, payload: Value) -> Reply {
        self.act(id, kind, payload).await.expect(200)
    }

    /// Opens a page, which must succeed.
    pub async fn goto(&self, id: &str, url: &str) -> Reply {
        self.done(id, "goto", json!({"url": url})).await
    }

    /// Reads the text that the page's script wrote into the element `#log`.
    pub async fn log(&self, id: &str) -> String {
        let reply = self.done(id, "query", json!({"selector": "#log"})).await;
        reply["elements"][0]["text"].as_str().unwrap_or_default().to_owned()
    }
}
