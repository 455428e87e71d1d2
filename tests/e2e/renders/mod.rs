//! Renders: one request, one result, through the REST API.

mod bad_input;
mod batches;
mod blocking;
mod bucket;
mod cache;
mod credits;
mod golden_requests;
mod hostile;
mod listener;
mod network;
mod pictures;
mod presets;
mod readings;
mod refusals;
mod s3_server;
mod signed;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_tests::{Client, Reply, Server, Site};
use serde_json::{Value, json};

/// A server, a site, and a user.
struct Stage {
    server: Server,
    site: Site,
    ann: Client,
}

impl Stage {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(flags: &[&str]) -> Self {
        let (server, site) = (Server::start_with(flags).await, Site::start().await);
        let ann = server.user_with("ann", &["--credits", "100"]).await;
        Self { server, site, ann }
    }

    /// Renders a page of the site with these parameters.
    async fn render(&self, kind: &str, path: &str, more: &Value) -> Reply {
        let mut body = json!({"url": self.site.url(path)});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.ann.post(&format!("/v1/render/{kind}"), &body).await
    }

    /// The secret of the user.
    fn secret(&self) -> String {
        let token = STANDARD.decode(self.ann.token()).unwrap();
        String::from_utf8(token).unwrap().split_once(':').unwrap().1.to_owned()
    }

    async fn credits(&self) -> String {
        self.server.folder().account("ann", "credits").await
    }
}

/// A header of a reply; empty if it is absent.
fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}
