//! Sessions that use their user's proxy, and the confidentiality of its credentials.

use std::time::Duration;

use capture_tests::{
    Client, Proxy, Server, Site,
    proxy::{Kind, secrets},
    server::Folder,
};
use serde_json::json;
use tokio::time::Instant;

/// A name that only the proxy resolves.
const HIDDEN: &str = "behind.proxy.test";

/// A page that is reachable only through the proxy.
fn hidden(page: &str) -> String {
    format!("http://{HIDDEN}/{page}.html")
}

/// The address of a site without its scheme.
fn place(site: &Site) -> String {
    site.url("").replace("http://", "")
}

async fn set_proxy(server: &Server, user: &str, url: &str) {
    let (ok, out, err) = server.folder().capture(&["user", "proxy", user, url]).await;
    assert!(ok, "{out}{err}");
    assert_none_of_it("the answer of the command", &(out + &err));
}

/// Creates a session of a user with this proxy.
async fn proxied(server: &Server, user: &Client, url: &str) -> String {
    set_proxy(server, "ann", url).await;
    user.create(&json!({"proxy": true})).await
}

fn assert_none_of_it(what: &str, text: &str) {
    for secret in secrets() {
        assert!(!text.contains(&secret), "{secret} is in {what}: {text}");
    }
}

/// Checks that a session with the proxy uses it, and that one without does not.
async fn goes_through(server: &Server, user: &Client, site: &Site, kind: Kind) {
    let proxy = Proxy::start(kind, HIDDEN, &place(site)).await;
    let ordinary = user.create(&json!({})).await;
    let id = proxied(server, user, &proxy.url()).await;
    let before = user.create(&json!({"proxy": false})).await;
    assert_eq!(user.goto(&id, &hidden("form")).await["title"], "Form");
    let [asked] = &proxy.asked()[..] else { panic!("{kind:?}: {:?}", proxy.asked()) };
    assert_eq!(*asked, format!("{HIDDEN}:80"), "{kind:?}");
    assert_eq!(user.goto(&id, &site.page("other")).await["title"], "Other");
    assert_eq!(proxy.asked().len(), 2, "{kind:?}: addresses go through it too");
    for id in [&ordinary, &before] {
        assert_eq!(user.goto(id, &site.page("other")).await["title"], "Other");
        user.act(id, "goto", json!({"url": hidden("form")})).await.expect_error(400, "action_failed");
    }
    assert_eq!(proxy.asked().len(), 2, "{kind:?}: only sessions that asked for it");
    for id in [id, ordinary, before] {
        user.close(&id).await.expect(200);
    }
}

#[tokio::test]
async fn sessions_with_proxy_go_through_it_and_no_others() {
    let site = Site::start().await;
    // This must hold also where no page is kept ready.
    for warm in ["2", "0"] {
        let server = Server::start_with(&["--browser-warm-pages", warm]).await;
        let user = server.user("ann").await;
        for kind in [Kind::Http, Kind::Socks5] {
            goes_through(&server, &user, &site, kind).await;
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_user_without_a_proxy_is_told_so() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    let refused = user.post("/v1/sessions", &json!({"proxy": true})).await.expect_error(400, "invalid_request");
    assert!(refused.text("error").contains("no proxy is configured"), "{}", refused.body);
    assert!(refused.text("hint").contains("capture user proxy NAME URL"), "{}", refused.body);
    let proxy = Proxy::start(Kind::Http, HIDDEN, "").await;
    let id = proxied(&server, &user, &proxy.url()).await;
    user.close(&id).await.expect(200);
    set_proxy(&server, "ann", "none").await;
    user.post("/v1/sessions", &json!({"proxy": true})).await.expect_error(400, "invalid_request");
    server.stop().await;
}

#[tokio::test]
async fn a_dead_proxy_is_told_at_once_and_the_session_goes_on() {
    let (server, site) = (Server::start().await, Site::start().await);
    let user = server.user("ann").await;
    for kind in [Kind::Http, Kind::Socks5] {
        let proxy = Proxy::start(kind, HIDDEN, &place(&site)).await;
        let id = proxied(&server, &user, &proxy.url()).await;
        user.goto(&id, &hidden("form")).await;
        let port = proxy.port();
        drop(proxy);
        let begun = Instant::now();
        let failed = user.act(&id, "goto", json!({"url": hidden("other")})).await.expect_error(400, "action_failed");
        assert!(begun.elapsed() < Duration::from_secs(5), "{kind:?}: {:?}", begun.elapsed());
        assert_eq!(failed.text("reason"), "net::ERR_PROXY_CONNECTION_FAILED", "{kind:?}");
        assert!(failed.text("error").contains("the proxy failed: it could not be reached"), "{}", failed.body);
        assert_none_of_it("the error", &failed.body.to_string());
        assert!(user.session(&id).await["session"]["active"].as_bool().unwrap_or(true));
        let back = Proxy::start_at(kind, port, HIDDEN, &place(&site)).await;
        assert_eq!(user.goto(&id, &hidden("other")).await["title"], "Other", "{kind:?}");
        assert_eq!(back.asked(), [format!("{HIDDEN}:80")]);
        user.close(&id).await.expect(200);
    }
    server.stop().await;
}

#[tokio::test]
async fn wrong_credentials_are_told_without_naming_them() {
    let server = Server::start().await;
    let user = server.user("ann").await;
    for kind in [Kind::Http, Kind::Socks5] {
        let proxy = Proxy::start(kind, HIDDEN, "").await;
        let id = proxied(&server, &user, &proxy.url_for("walter", "hunter2-of-old")).await;
        let failed = user.act(&id, "goto", json!({"url": hidden("form")})).await.expect_error(400, "action_failed");
        assert_eq!(failed.text("reason"), "net::ERR_PROXY_AUTH_REQUESTED", "{kind:?}");
        assert!(failed.text("error").contains("the proxy failed: it refused the credentials"), "{}", failed.body);
        assert_none_of_it("the error", &failed.body.to_string());
        assert!(proxy.asked().iter().all(|asked| asked == "refused"), "{:?}", proxy.asked());
        user.close(&id).await.expect(200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_that_may_not_be_reached_is_refused_at_create() {
    let (site, proxy) = (Site::start().await, Proxy::start(Kind::Http, HIDDEN, "").await);
    let allowed = Proxy::start(Kind::Socks5, HIDDEN, &place(&site)).await;
    let rule = format!("127.0.0.1:{}", allowed.port());
    let server = Server::start_with(&["--egress-allow", &rule]).await;
    let user = server.user_with("ann", &["--credits", "100"]).await;
    let own = format!("http://walter:hunter2@{}", server.address());
    for url in [
        &proxy.url(),
        "http://walter:hunter2@10.0.0.1:3128",
        "https://walter:hunter2@192.168.1.1",
        "socks5://walter:hunter2@[::1]:1080",
        "http://walter:hunter2@localhost:3128",
        "http://walter:hunter2@2130706433:3128",
        "http://walter:hunter2@169.254.169.254:80",
        "http://walter:hunter2@metadata.google.internal:80",
        &own,
    ] {
        set_proxy(&server, "ann", url).await;
        for cdp in [false, true] {
            let options = json!({"proxy": true, "cdp": cdp});
            let refused = user.post("/v1/sessions", &options).await.expect_error(400, "invalid_request");
            assert_eq!(refused.text("reason"), "blocked_by_egress_policy", "{url}");
            assert!(refused.text("hint").contains("egress-allow"), "{}", refused.body);
            assert_none_of_it("the refusal", &refused.body.to_string());
        }
    }
    let sessions = user.get("/v1/sessions").await.expect(200);
    assert_eq!(sessions["sessions"], json!([]), "none was begun");
    let id = proxied(&server, &user, &allowed.url()).await;
    assert_eq!(user.goto(&id, &hidden("form")).await["title"], "Form");
    // The proxy does not bypass the guard.
    let inside = json!({"url": "http://169.254.169.254/"});
    let blocked = user.act(&id, "goto", inside).await.expect_error(400, "action_failed");
    assert_eq!(blocked.text("reason"), "blocked_by_egress_policy");
    assert_eq!((proxy.asked().len(), allowed.asked().len()), (0, 1));
    server.stop().await;
}

/// What the kernel shows to all users about a process, and what is stored in its folder.
fn traces(server: &Server) -> Vec<(String, String)> {
    let read = |path: String| {
        let bytes = std::fs::read(&path).unwrap_or_default();
        (path, String::from_utf8_lossy(&bytes).into_owned())
    };
    let pids = capture_tests::processes::descendants(server.pid());
    assert!(pids.len() > 3, "browsers run");
    let shown = [server.pid()].into_iter().chain(pids);
    let mut traces: Vec<_> =
        shown.flat_map(|pid| ["cmdline", "environ"].map(|file| read(format!("/proc/{pid}/{file}")))).collect();
    let mut folders = vec![server.run_root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => traces.push(read(entry.path().to_string_lossy().into_owned())),
                _ => {}
            }
        }
    }
    traces
}

#[tokio::test]
async fn credentials_are_nowhere_but_with_the_proxy() {
    let site = Site::start().await;
    let server = Server::start_in(Folder::logged(), &["--log-level", "trace"]).await;
    let user = server.user("ann").await;
    for kind in [Kind::Http, Kind::Socks5] {
        let proxy = Proxy::start(kind, HIDDEN, &place(&site)).await;
        for cdp in [false, true] {
            set_proxy(&server, "ann", &proxy.url()).await;
            let created = user.post("/v1/sessions", &json!({"proxy": true, "cdp": cdp})).await.expect(201);
            let id = created["session"]["id"].as_str().unwrap().to_owned();
            let opened = user.goto(&id, &hidden("form")).await;
            assert_eq!(opened["title"], "Form");
            let html = user.done(&id, "content", json!({})).await;
            for reply in [created, opened, html, user.session(&id).await, user.get("/v1/sessions").await] {
                assert_none_of_it("a reply", &reply.body.to_string());
            }
            for (path, text) in traces(&server) {
                assert_none_of_it(&path, &text);
            }
            assert_none_of_it("the reply to its end", &user.close(&id).await.expect(200).body.to_string());
        }
        assert_eq!(proxy.asked().len(), 2, "{kind:?}: {:?}", proxy.asked());
        drop(proxy);
        let id = user.create(&json!({"proxy": true})).await;
        user.act(&id, "goto", json!({"url": hidden("form")})).await.expect_error(400, "action_failed");
        user.close(&id).await.expect(200);
    }
    let log = server.folder().log();
    assert!(log.contains("TRACE") && log.contains("session started"), "{log}");
    assert_none_of_it("the log", &log);
    server.stop().await;
}
