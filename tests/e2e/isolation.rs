//! Isolation of users: a browser serves one user under a uid of its own, and ends with that user's last session.

use std::{collections::HashSet, time::Duration};

use capture_tests::{Client, Server, processes, until};
use futures::future::join_all;
use rustix::process::getuid;
use serde_json::json;

/// How long it may take on a busy machine until a browser is gone or another one is ready.
const SOON: Duration = Duration::from_secs(40);
/// Browsers that the servers of these stories keep ready.
const READY: usize = 1;

/// A server that keeps a browser ready, and closes a user's browser with the user's last session.
async fn start(flags: &[&str]) -> Server {
    let usual = ["--browser-warm-pages", "1", "--browser-idle-seconds", "0"];
    Server::start_with(&[&usual, flags].concat()).await
}

/// Creates a session whose page uses this many MiB, by which its process is found.
async fn weighing(user: &Client, mib: u64) -> String {
    let id = user.create(&json!({"maxTtlSeconds": 600})).await;
    let script = format!("window.kept = new Uint8Array({}).fill(1)", mib << 20);
    user.goto(&id, &format!("data:text/html,<title>{mib}</title><script>{script}</script>")).await;
    id
}

/// Creates a session, and retries while the server answers that the machine is too busy.
async fn create_patiently(user: &Client) -> String {
    let mut id = None;
    until("a session is created", Duration::from_secs(90), async || {
        let created = user.post("/v1/sessions", &json!({})).await;
        assert!(matches!(created.status, 201 | 503), "{}", created.body);
        id = created["session"]["id"].as_str().map(str::to_owned);
        id.is_some()
    })
    .await;
    id.unwrap()
}

/// The process id of the browser whose page uses this much memory.
async fn browser_of(server: &Server, mib: u64) -> u32 {
    let weighs = |pid: &u32| (mib..mib + 50).contains(&(processes::own_memory(*pid) >> 20));
    let mut found = Vec::new();
    until(&format!("a page weighs {mib} MiB"), SOON, async || {
        found = processes::browsers(server.pid());
        found.retain(|browser| processes::renderers(*browser).iter().any(weighs));
        !found.is_empty()
    })
    .await;
    assert_eq!(found.len(), 1, "one browser has it: {found:?}");
    found[0]
}

/// Waits until only the browsers kept ready are left.
async fn only_the_ready_are_left(server: &Server) {
    until("only the browsers kept ready are left", SOON, async || {
        processes::browsers(server.pid()).len() == READY && processes::entries(&server.run_root()).len() == 2 * READY
    })
    .await;
}

#[tokio::test]
async fn a_users_sessions_share_a_browser_and_two_users_do_not() {
    let server = start(&[]).await;
    let (ann, ben) = (server.user("ann").await, server.user("ben").await);
    weighing(&ann, 100).await;
    weighing(&ben, 160).await;
    weighing(&ann, 220).await;
    let [anns, bens, anns_second] =
        [browser_of(&server, 100).await, browser_of(&server, 160).await, browser_of(&server, 220).await];
    assert_eq!(anns, anns_second);
    assert_ne!(anns, bens);
    if getuid().is_root() {
        let browsers = processes::browsers(server.pid());
        let uids: HashSet<u32> = browsers.iter().map(|pid| processes::uid(*pid)).collect();
        assert_eq!(uids.len(), browsers.len(), "each has a uid of its own: {uids:?}");
        assert!(uids.iter().all(|uid| *uid > 60_700), "{uids:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_users_browser_goes_after_his_last_session_and_leaves_nothing() {
    let server = start(&[]).await;
    let ann = server.user("ann").await;
    // Everything that the first session of a server opens is open after this one.
    ann.close(&ann.create(&json!({})).await).await.expect(200);
    only_the_ready_are_left(&server).await;
    let descriptors = processes::descriptors(server.pid());
    let sessions = [weighing(&ann, 100).await, weighing(&ann, 160).await];
    let browser = browser_of(&server, 100).await;
    let uid = processes::uid(browser);
    ann.close(&sessions[0]).await.expect(200);
    assert_eq!(ann.done(&sessions[1], "title", json!({})).await["title"], "160");
    assert!(processes::is_alive(browser), "it goes on while there is a session");
    ann.close(&sessions[1]).await.expect(200);
    until("it is gone", SOON, async || !processes::is_alive(browser)).await;
    only_the_ready_are_left(&server).await;
    if getuid().is_root() {
        let others = processes::descendants(server.pid());
        assert!(others.iter().all(|pid| processes::uid(*pid) != uid), "its uid is free");
    }
    let are_closed = async || processes::descriptors(server.pid()) <= descriptors;
    until("its ports and pipes are closed", SOON, are_closed).await;
    server.stop().await;
}

#[tokio::test]
async fn a_users_browser_waits_for_his_next_session_and_for_no_one_elses() {
    let server = Server::start_with(&["--browser-idle-seconds", "3"]).await;
    let (ann, ben) = (server.user("ann").await, server.user("ben").await);
    let first = weighing(&ann, 100).await;
    let browser = browser_of(&server, 100).await;
    ann.close(&first).await.expect(200);
    let (anns, bens) = (weighing(&ann, 160).await, weighing(&ben, 220).await);
    assert_eq!(browser_of(&server, 160).await, browser, "her next session is in it");
    assert_ne!(browser_of(&server, 220).await, browser);
    ann.close(&anns).await.expect(200);
    until("it is gone", SOON, async || !processes::is_alive(browser)).await;
    assert_eq!(ben.done(&bens, "title", json!({})).await["title"], "220");
    server.stop().await;
}

#[tokio::test]
async fn no_browser_serves_a_second_user() {
    let server = start(&[]).await;
    let users = [server.user("ann").await, server.user("ben").await];
    let mut served = HashSet::new();
    for turn in 0..6 {
        let user = &users[turn % 2];
        let id = weighing(user, 100).await;
        let browser = browser_of(&server, 100).await;
        assert!(served.insert(browser), "turn {turn}: browser {browser} has served before");
        user.close(&id).await.expect(200);
        until("it is gone", SOON, async || !processes::is_alive(browser)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn when_one_users_browser_dies_the_others_sessions_go_on() {
    let server = start(&[]).await;
    let ann = server.user_with("ann", &["--credits", "100"]).await;
    let ben = server.user_with("ben", &["--credits", "100"]).await;
    let anns = [weighing(&ann, 100).await, weighing(&ann, 160).await];
    let bens = [weighing(&ben, 220).await, weighing(&ben, 280).await];
    processes::kill(browser_of(&server, 100).await);
    for id in &anns {
        until("her session has ended", SOON, async || ann.session(id).await["session"]["status"] == "error").await;
        let session = ann.session(id).await;
        assert_eq!(
            (&session["session"]["closeReason"], &session["session"]["billedCredits"]),
            (&json!("browser_crashed"), &json!(1))
        );
    }
    for (id, title) in bens.iter().zip(["220", "280"]) {
        assert_eq!(ben.done(id, "title", json!({})).await["title"], title);
        let closed = ben.close(id).await.expect(200);
        assert_eq!((&closed["session"]["status"], &closed["session"]["billedCredits"]), (&json!("closed"), &json!(1)));
    }
    weighing(&ann, 100).await;
    for user in ["ann", "ben"] {
        let (_, said, _) = server.folder().capture(&["user", "show", user]).await;
        assert!(said.lines().any(|line| line.starts_with("credits") && line.ends_with(" 98")), "{said}");
    }
    server.stop().await;
}

#[tokio::test]
async fn ten_users_at_once_get_ten_browsers_and_ten_sessions_of_one_user_get_one() {
    let server = start(&[]).await;
    let mut users = Vec::new();
    for number in 0..10 {
        users.push(server.user(&format!("user{number}")).await);
    }
    let sessions = join_all(users.iter().map(create_patiently)).await;
    until("as many browsers run as there are users", SOON, async || {
        processes::browsers(server.pid()).len() == 10 + READY
    })
    .await;
    for (id, user) in sessions.iter().zip(&users) {
        user.close(id).await.expect(200);
    }
    only_the_ready_are_left(&server).await;
    let ann = server.user_with("ann", &["--max-sessions", "10"]).await;
    join_all([&ann; 10].map(create_patiently)).await;
    until("her browser and the ready ones run", SOON, async || processes::browsers(server.pid()).len() == 1 + READY)
        .await;
    server.stop().await;
}

#[tokio::test]
async fn a_killed_server_leaves_nothing_of_its_users_browsers() {
    let server = start(&[]).await;
    for (name, mib) in [("ann", 100), ("ben", 160)] {
        weighing(&server.user(name).await, mib).await;
    }
    let (children, run_root) = (processes::descendants(server.pid()), server.run_root());
    let left = processes::entries(&run_root);
    assert!(left.len() >= 4, "folders and records: {left:?}");
    let server = server.restart_after_kill().await;
    let are_gone = async || !children.iter().any(|pid| processes::is_alive(*pid));
    until("no browser process is left", SOON, are_gone).await;
    let now = processes::entries(&run_root);
    assert!(left.iter().all(|entry| !now.contains(entry)), "{left:?} were left, {now:?} are there");
    server.stop().await;
}

#[tokio::test]
async fn two_servers_of_a_host_never_use_the_same_uid() {
    if !getuid().is_root() {
        return;
    }
    let servers = [start(&[]).await, start(&[]).await];
    let mut uids = Vec::new();
    for server in &servers {
        let ann = server.user("ann").await;
        ann.create(&json!({})).await;
        ann.create(&json!({"cdp": true})).await;
        uids.extend(processes::browsers(server.pid()).into_iter().map(processes::uid));
    }
    let different: HashSet<u32> = uids.iter().copied().collect();
    assert!(uids.len() >= 4 && different.len() == uids.len(), "{uids:?}");
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test]
async fn all_users_share_a_browser_where_the_operator_trusts_them() {
    let server = start(&["--browser-isolation", "context"]).await;
    weighing(&server.user("ann").await, 100).await;
    weighing(&server.user("ben").await, 160).await;
    assert_eq!(browser_of(&server, 100).await, browser_of(&server, 160).await);
    assert_eq!(processes::browsers(server.pid()).len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn each_session_has_its_own_browser_where_that_is_asked_for() {
    let server = start(&["--browser-isolation", "process"]).await;
    let ann = server.user("ann").await;
    let sessions = [weighing(&ann, 100).await, weighing(&ann, 160).await];
    let browser = browser_of(&server, 100).await;
    assert_ne!(browser, browser_of(&server, 160).await);
    ann.close(&sessions[0]).await.expect(200);
    until("its browser is gone", SOON, async || !processes::is_alive(browser)).await;
    assert_eq!(ann.done(&sessions[1], "title", json!({})).await["title"], "160");
    server.stop().await;
}
