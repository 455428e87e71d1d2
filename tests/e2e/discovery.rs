//! Chromium's discovery over HTTP, and the WebSocket of each single page.

use std::time::Duration;

use capture_tests::{Client, Redis, Server, Site};
use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error as WsError, Message, client::IntoClientRequest},
};

/// The longest wait for a frame.
const PATIENCE: Duration = Duration::from_secs(20);

/// A WebSocket that speaks CDP.
struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    asked: u64,
}

impl Socket {
    async fn open(url: &str) -> Self {
        Self { socket: connect_async(url).await.unwrap().0, asked: 0 }
    }

    /// The whole reply to a command without a session id.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let command = json!({"id": id, "method": method, "params": params});
        self.socket.send(Message::text(command.to_string())).await.unwrap();
        self.until(|frame| frame["id"] == json!(id)).await
    }

    /// Waits for the next frame that matches.
    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let message = self.socket.next().await.unwrap().unwrap();
                let frame: Value = serde_json::from_str(message.to_text().unwrap()).unwrap_or_default();
                if wanted(&frame) {
                    return frame;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the frame comes")
    }
}

/// A session, and its user's requests to discovery.
struct Asking<'a> {
    user: &'a Client,
    id: String,
}

impl<'a> Asking<'a> {
    async fn of(user: &'a Client) -> Self {
        Self { user, id: user.create(&json!({"cdp": true})).await }
    }

    async fn get(&self, path: &str) -> capture_tests::Reply {
        self.user.get(&format!("{path}?sessionId={}", self.id)).await
    }

    async fn new_page(&self, url: &str) -> capture_tests::Reply {
        self.user.send(Method::PUT, &format!("/json/new?sessionId={}&url={url}", self.id), &[], None).await
    }

    /// The pages of the session, by id.
    async fn pages(&self) -> Vec<Value> {
        let listed = self.get("/json/list").await.expect(200);
        listed.body.as_array().unwrap().iter().filter(|target| target["type"] == "page").cloned().collect()
    }
}

#[tokio::test]
async fn a_session_describes_itself_as_chromium_does() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    let session = Asking::of(&user).await;
    for path in ["/json/version", "/json/version/", "/cdp/json/version"] {
        let version = session.get(path).await.expect(200);
        assert!(version.text("Browser").contains("Chrome/"), "{}", version.body);
        assert!(version.text("User-Agent").contains("Chrome/") && version.text("WebKit-Version").contains("(@"));
        assert_eq!(version.text("Protocol-Version"), "1.3");
        assert!(!version.text("V8-Version").is_empty());
        let mut browser = Socket::open(version.text("webSocketDebuggerUrl")).await;
        assert_eq!(browser.ask("Browser.getVersion", json!({})).await["result"]["product"], version["Browser"]);
    }
    let [page] = &session.pages().await[..] else { panic!("one page") };
    assert_eq!((&page["type"], &page["url"]), (&json!("page"), &json!("about:blank")));
    for path in ["/json", "/json/", "/json/list/", "/cdp/json/list"] {
        assert_eq!(session.get(path).await.expect(200).body[0]["id"], page["id"], "{path}");
    }
    let protocol = session.get("/json/protocol").await.expect(200);
    let domains = protocol["domains"].as_array().unwrap();
    let page = domains.iter().find(|domain| domain["domain"] == "Page").unwrap();
    assert!(page["commands"].as_array().unwrap().iter().any(|command| command["name"] == "navigate"));
    let ours = format!("ws://{}/devtools/browser/{}?sessionId={}", server.address(), session.id, session.id);
    assert_eq!(upgrade(&ours, user.token()).await, 101);
    let other = ours.replacen(&session.id, "sess_00000000-0000-4000-8000-000000000000", 1);
    assert_eq!(upgrade(&other, user.token()).await, 404);
    server.stop().await;
}

/// The status of an upgrade with this bearer token.
async fn upgrade(url: &str, token: &str) -> u16 {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    match connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(WsError::Http(refused)) => refused.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}

/// Drives a page over its own WebSocket, from the first command to the end of the page.
async fn speaks_with_a_page(session: &Asking<'_>, site: &Site) {
    let made = session.new_page("about:blank").await.expect(200);
    let mut page = Socket::open(made.text("webSocketDebuggerUrl")).await;
    page.ask("Page.enable", json!({})).await;
    let gone = page.ask("Page.navigate", json!({"url": site.page("form")})).await;
    assert!(gone["result"]["frameId"].is_string() && gone.get("sessionId").is_none(), "{gone}");
    let loaded = page.until(|frame| frame["method"] == "Page.loadEventFired").await;
    assert!(loaded.get("sessionId").is_none(), "{loaded}");
    let title = page.ask("Runtime.evaluate", json!({"expression": "document.title"})).await;
    assert_eq!(title["result"]["result"]["value"], "Form");

    let file = page.ask("Page.navigate", json!({"url": "file:///etc/passwd"})).await;
    assert!(file["error"]["message"].as_str().unwrap().contains("refused"), "{file}");
    let attached = page.ask("Target.setAutoAttach", json!({"autoAttach": true, "waitForDebuggerOnStart": false})).await;
    assert!(attached["error"]["message"].as_str().unwrap().contains("flatten"), "{attached}");
    let foreign = json!({"id": 900, "method": "Runtime.evaluate", "params": {"expression": "1"}, "sessionId": "0A"});
    page.socket.send(Message::text(foreign.to_string())).await.unwrap();
    assert_eq!(page.until(|frame| frame["id"] == 900).await["error"]["code"], -32_001);

    page.ask("Page.close", json!({})).await;
    let last = page.until(|frame| frame["method"] == "Inspector.detached").await;
    assert_eq!(last["params"]["reason"], "target_closed");
    let close = tokio::time::timeout(PATIENCE, page.socket.next()).await.unwrap();
    let Some(Ok(Message::Close(Some(close)))) = close else { panic!("{close:?}") };
    assert_eq!(u16::from(close.code), 1000);
}

/// Creates, activates and closes pages with plain requests, under the rules for CDP commands.
async fn makes_and_closes_pages(session: &Asking<'_>, site: &Site) {
    let made = session.new_page(&site.page("form")).await.expect(200);
    assert_eq!((&made["type"], &made["description"]), (&json!("page"), &json!("")));
    let id = made.text("id").to_owned();
    assert!(session.pages().await.iter().any(|page| page["id"] == id.as_str()));
    let at = |what: &str, id: &str| format!("/json/{what}/{id}");
    assert_eq!(session.get(&at("activate", &id)).await.expect(200).bytes, b"Target activated");
    assert_eq!(session.get(&at("close", &id)).await.expect(200).bytes, b"Target is closing");
    for missing in ["0123456789ABCDEF0123456789ABCDEF", "x", "%2fx", "a-b"] {
        for what in ["activate", "close"] {
            let reply = session.get(&at(what, missing)).await.expect_error(404, "action_failed");
            assert_eq!(reply["reason"], "no_such_target", "{what} {missing}");
        }
        let reply = session.get(&format!("/devtools/page/{missing}")).await;
        assert!(matches!(reply.status, 400 | 404), "{}", reply.body);
    }
    session.get("/json/new").await.expect(405);
    for refused in ["file:///etc/passwd", "chrome://version", "javascript:1"] {
        assert_eq!(session.new_page(refused).await.expect(400)["reason"], "refused", "{refused}");
    }
}

#[tokio::test]
async fn pages_have_sockets_of_their_own_and_are_made_and_closed_by_requests() {
    let (server, site) = (Server::start().await, Site::start().await);
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let session = Asking::of(&ann).await;
    speaks_with_a_page(&session, &site).await;
    makes_and_closes_pages(&session, &site).await;

    let [page] = &session.pages().await[..] else { panic!("the session's page is left") };
    let theirs = Asking::of(&bob).await;
    let id = page["id"].as_str().unwrap();
    theirs.get(&format!("/json/close/{id}")).await.expect(404);
    let address = |asking: &Asking<'_>| format!("ws://{}/devtools/page/{id}?sessionId={}", server.address(), asking.id);
    assert_eq!(upgrade(&address(&session), ann.token()).await, 101);
    assert_eq!(upgrade(&address(&theirs), bob.token()).await, 404);
    assert_eq!(upgrade(&address(&session), bob.token()).await, 404);
    assert_eq!(server.client("").get("/json/list").await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn another_instance_answers_the_same() {
    let (redis, site) = (Redis::start().await, Site::start().await);
    let url = redis.url();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (listen, advertise) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let owner = Server::start_with(&["--redis-url", &url, "--listen", &listen, "--advertise-url", &advertise]).await;
    let gateway = Server::start_with(&["--redis-url", &url, "--max-sessions", "0"]).await;
    let user = gateway.user_with("ann", &["--redis-url", &url]).await;
    let session = Asking::of(&user).await;
    assert!(session.get("/json/version").await.expect(200).text("Browser").contains("Chrome/"));
    speaks_with_a_page(&session, &site).await;
    makes_and_closes_pages(&session, &site).await;
    gateway.stop().await;
    owner.stop().await;
}
