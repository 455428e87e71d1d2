//! Sessions with `bypassBotDetection`, which run in the operator's second browser, local or remote.

use std::time::Duration;

use capture_tests::{
    Client, RemoteBrowser, Server, Site,
    forwarder::Forwarder,
    processes,
    proxy::{Kind, Proxy},
    remote::FULL_CHROMIUM,
    until,
};
use serde_json::json;
use tokio::{net::TcpListener, time::Instant};

/// What the fixture page reports of this session's browser.
async fn browser_of(user: &Client, id: &str, site: &Site) -> String {
    user.goto(id, &site.page("navigator")).await.text("title").to_owned()
}

/// The text on the page of this session.
async fn written(user: &Client, id: &str) -> String {
    user.done(id, "query", json!({"selector": "#log"})).await["elements"][0]["text"].to_string()
}

async fn bypassing(user: &Client) -> String {
    user.create(&json!({"bypassBotDetection": true})).await
}

/// Two sessions that work, neither of which finds what the other stored.
async fn two_work_apart(user: &Client, site: &Site) -> [String; 2] {
    let both = [bypassing(user).await, bypassing(user).await];
    for id in &both {
        user.goto(id, &site.page("storage")).await;
        assert!(written(user, id).await.contains("cookie= local="));
        user.done(id, "click", json!({"selector": "#store"})).await;
        user.done(id, "reload", json!({})).await;
        assert!(written(user, id).await.contains("cookie=kept local=kept"));
        user.goto(id, &site.page("form")).await;
        user.done(id, "type", json!({"selector": "#name", "text": "Ann"})).await;
        assert!(user.done(id, "screenshot", json!({})).await.body.to_string().len() > 1_000);
    }
    both
}

#[tokio::test]
async fn a_second_browser_here_has_its_own_program_and_arguments() {
    let arguments = "--disable-blink-features=AutomationControlled --user-agent='Second (Browser) 1.0'";
    let program = ["--bypass-browser-executable", FULL_CHROMIUM, "--bypass-browser-arguments", arguments];
    let flags = [&program[..], &["--browser-warm-pages", "0"]].concat();
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let user = server.user("ann").await;
    let started = processes::browsers(server.pid()).len();
    let ordinary = user.create(&json!({})).await;
    let [one, other] = two_work_apart(&user, &site).await;
    assert_eq!(browser_of(&user, &one, &site).await, "false Second (Browser) 1.0");
    assert!(!browser_of(&user, &ordinary, &site).await.contains("Second"));
    let second = || processes::running(server.pid(), "Second (Browser) 1.0").len();
    assert_ne!(second(), 0);
    for id in [&one, &other] {
        user.close(id).await.expect(200);
    }
    until("their browsers are gone", Duration::from_secs(10), async || second() == 0).await;
    assert_eq!(processes::browsers(server.pid()).len(), started, "and no other");
    user.close(&ordinary).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn a_second_browser_here_is_behind_the_guard_and_its_users_proxy() {
    let flags = ["--bypass-browser-executable", FULL_CHROMIUM, "--egress-allow", "127.0.0.1"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let user = server.user("ann").await;
    let id = bypassing(&user).await;
    let refused =
        user.act(&id, "goto", json!({"url": "http://127.0.0.2:9099/"})).await.expect_error(400, "action_failed");
    assert_eq!(refused.text("reason"), "blocked_by_egress_policy");
    user.goto(&id, &site.page("other")).await;
    user.close(&id).await.expect(200);
    let proxy = Proxy::start(Kind::Http, "behind.proxy.test", &site.url("").replace("http://", "")).await;
    assert!(server.folder().capture(&["user", "proxy", "ann", &proxy.url()]).await.0);
    let id = user.create(&json!({"bypassBotDetection": true, "proxy": true})).await;
    assert_eq!(user.goto(&id, "http://behind.proxy.test/other.html").await["title"], "Other");
    let foreign = proxy.asked().into_iter().find(|asked| asked != "behind.proxy.test:80");
    assert_eq!(foreign, None, "the browser asks for nothing of its own through the user's proxy");
    user.close(&id).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn a_browser_elsewhere_serves_and_keeps_nothing() {
    let (remote, site) = (RemoteBrowser::start().await, Site::start().await);
    let server = Server::start_with(&["--bypass-browser-url", remote.url()]).await;
    let user = server.user("ann").await;
    let before = remote.pages().await;
    let [one, other] = two_work_apart(&user, &site).await;
    assert_eq!(remote.pages().await.len(), before.len() + 2);
    user.close(&one).await.expect(200);
    let title = user.done(&other, "title", json!({})).await;
    assert_eq!(title["title"], "Form", "the browser is not closed with one session");
    user.close(&other).await.expect(200);
    until("no page is left there", Duration::from_secs(10), async || remote.pages().await == before).await;
    let both = user.post("/v1/sessions", &json!({"bypassBotDetection": true, "proxy": true})).await;
    let refused = both.expect_error(400, "invalid_request");
    assert!(refused.text("error").contains("proxy"), "{}", refused.body);
    bypassing(&user).await;
    server.stop().await;
    until("nor after the server's end", Duration::from_secs(10), async || remote.pages().await == before).await;
}

#[tokio::test]
async fn sessions_end_with_the_browser_elsewhere_and_none_begins_without_it() {
    let (mut remote, site) = (RemoteBrowser::start().await, Site::start().await);
    let server = Server::start_with(&["--bypass-browser-url", remote.url()]).await;
    let user = server.user_with("ann", &["--credits", "20"]).await;
    let id = bypassing(&user).await;
    user.goto(&id, &site.page("other")).await;
    let ordinary = user.create(&json!({})).await;
    let waiting = user.act(&id, "wait_for_selector", json!({"selector": "#never", "timeoutMs": 30_000}));
    let (waited, begun) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        remote.kill().await;
        Instant::now()
    });
    assert!(begun.elapsed() < Duration::from_secs(15), "the wait ends at once: {:?}", begun.elapsed());
    assert!(waited.status >= 400, "{}", waited.body);
    let ended = async || user.session(&id).await["session"]["closeReason"] == "browser_crashed";
    until("the session ends", Duration::from_secs(5), ended).await;
    let refused =
        user.post("/v1/sessions", &json!({"bypassBotDetection": true})).await.expect_error(503, "unavailable");
    assert!(refused.text("error").contains("cannot be reached"), "{}", refused.body);
    user.goto(&ordinary, &site.page("other")).await;
    user.close(&ordinary).await.expect(200);
    assert_eq!(server.folder().account("ann", "credits").await, "18", "two were paid, the refused one was not");
    assert_eq!(server.folder().account("ann", "held").await, "0");
    server.stop().await;
}

#[tokio::test]
async fn a_browser_elsewhere_that_falls_silent_ends_its_sessions() {
    let (remote, site) = (RemoteBrowser::start().await, Site::start().await);
    let way = Forwarder::start(remote.port()).await;
    let url = remote.url().replace(&remote.port().to_string(), &way.port().to_string());
    let server = Server::start_with(&["--bypass-browser-url", &url]).await;
    let user = server.user("ann").await;
    let id = bypassing(&user).await;
    user.goto(&id, &site.page("other")).await;
    way.fall_silent();
    let begun = Instant::now();
    user.act(&id, "title", json!({})).await.expect_error(504, "action_timeout");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let ended = async || user.session(&id).await["session"]["closeReason"] == "browser_crashed";
    until("the session ends", Duration::from_secs(30), ended).await;
    way.go_on();
    user.goto(&bypassing(&user).await, &site.page("other")).await;
    server.stop().await;
}

#[tokio::test]
async fn a_browser_elsewhere_that_says_nothing_holds_nobody_and_its_address_is_told_to_nobody() {
    // The listener accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://ann:s3cret@{}/devtools?token=s3cret", silent.local_addr().unwrap());
    let folder = capture_tests::server::Folder::logged();
    let server = Server::start_in(folder, &["--bypass-browser-url", &url, "--log-level", "trace"]).await;
    let user = server.user("ann").await;
    let begun = Instant::now();
    let refused =
        user.post("/v1/sessions", &json!({"bypassBotDetection": true})).await.expect_error(503, "unavailable");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert!(!refused.body.to_string().contains("s3cret"), "{}", refused.body);
    let log = server.folder().log();
    assert!(log.contains("unavailable") && !log.contains("s3cret"), "the log tells the secret");
    user.create(&json!({})).await;
    server.stop().await;
}
