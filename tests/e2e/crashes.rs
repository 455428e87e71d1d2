//! Killed servers, browsers and pages: what clients are answered, what is billed, and what is left behind.

use std::time::Duration;

use capture_tests::{Server, Site, processes, server::Folder, until};
use serde_json::json;

#[tokio::test]
async fn a_killed_server_leaves_no_process_and_its_sessions_are_settled_before_the_next_is_ready() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user_with("ann", &["--credits", "100"]).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let id = ann.create(&json!({"maxTtlSeconds": 600})).await;
        ann.goto(&id, &site.page("form")).await;
        sessions.push(id);
    }
    // The kill happens during an action and after one heartbeat, so that the session can be billed up to that
    // heartbeat.
    let in_flight = ann.act(&sessions[0], "goto", json!({"url": site.url("/never"), "timeoutMs": 20000}));
    let _ = tokio::time::timeout(Duration::from_millis(2500), in_flight).await; // the action runs on without its caller
    let children: Vec<u32> = processes::descendants(server.pid()).into_iter().collect();
    assert!(children.len() > 3, "a browser runs");
    let folder = server.kill().await;
    until("no browser process is left", Duration::from_secs(3), async || {
        children.iter().all(|pid| !processes::is_alive(*pid))
    })
    .await;
    let server = Server::start_in(folder, &[]).await;
    let ann = server.client(ann.token());
    for id in &sessions {
        let last = ann.session(id).await.expect(200);
        let session = &last["session"];
        assert_eq!((&session["status"], &session["closeReason"]), (&json!("error"), &json!("instance_lost")));
        assert_eq!(session["billedCredits"], 1);
        assert!(session["durationSeconds"].as_u64().unwrap() <= 10, "billed to the last heartbeat: {session}");
        ann.close(id).await.expect(200);
    }
    assert_eq!(server.folder().account("ann", "credits").await, "97", "three credits taken once");
    assert_eq!(server.folder().account("ann", "held").await, "0");
    ann.create(&json!({"maxTtlSeconds": 900})).await;
    let folders = processes::entries(&server.run_root());
    assert!(folders.len() <= 6, "only the new browsers' folders are there: {folders:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_killed_server_leaves_nothing_of_browsers_with_one_session_either() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let shared = processes::browsers(server.pid());
    let id = ann.create(&json!({"cdp": true, "maxTtlSeconds": 600})).await;
    ann.goto(&id, &site.page("form")).await;
    assert_eq!(processes::browsers(server.pid()).len(), shared.len() + 1, "the session has a browser of its own");
    // Long enough for a heartbeat, up to which the session is billed.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let (children, run_root) = (processes::descendants(server.pid()), server.run_root());
    let left = processes::entries(&run_root);
    assert!(left.len() >= 4, "folders and records: {left:?}");
    let server = server.restart_after_kill().await;
    until("no browser process is left", Duration::from_secs(3), async || {
        children.iter().all(|pid| !processes::is_alive(*pid))
    })
    .await;
    let now = processes::entries(&run_root);
    assert!(left.iter().all(|entry| !now.contains(entry)), "{left:?} were left, {now:?} are there");
    let last = server.client(ann.token()).session(&id).await.expect(200);
    assert_eq!(
        (&last["session"]["status"], &last["session"]["closeReason"]),
        (&json!("error"), &json!("instance_lost"))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_refuses_to_start() {
    let server = Server::start().await;
    let data = server.folder().data();
    let output = capture_tests::server::program()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("another capture server"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn a_killed_browser_ends_its_sessions_and_no_others_and_the_pool_is_full_again() {
    let flags = ["--browser-isolation", "context", "--browser-max-pages", "6"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user_with("ann", &["--max-sessions", "20"]).await;
    let mut ids = vec![ann.create(&json!({})).await];
    let first = processes::browsers(server.pid());
    assert_eq!(first.len(), 1);
    for _ in 0..9 {
        ids.push(ann.create(&json!({})).await);
    }
    until("a second browser runs", Duration::from_secs(20), async || processes::browsers(server.pid()).len() > 1).await;
    let mut waiting = tokio::task::JoinSet::new();
    for id in &ids {
        let (ann, id, url) = (ann.clone(), id.clone(), site.url("/slow/3000"));
        waiting.spawn(async move { ann.act(&id, "goto", json!({"url": url})).await });
    }
    let killing = async {
        tokio::time::sleep(Duration::from_millis(1000)).await;
        processes::kill(first[0]);
    };
    let (answers, ()) = tokio::join!(waiting.join_all(), killing);
    let crashed = answers.iter().filter(|reply| reply.status == 409).count();
    let worked = answers.iter().filter(|reply| reply.status == 200).count();
    assert!(crashed >= 4 && worked >= 3 && crashed + worked == 10, "{crashed} crashed, {worked} worked");
    for reply in answers.iter().filter(|reply| reply.status == 409) {
        assert_eq!(reply["session"]["closeReason"], "browser_crashed");
        assert_eq!(reply["session"]["billedCredits"], 1);
    }
    ann.delete("/v1/sessions").await.expect(200);
    for _ in 0..3 {
        let id = ann.create(&json!({})).await;
        assert_eq!(ann.goto(&id, &site.page("form")).await["title"], "Form");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_killed_page_ends_its_session_only() {
    // Without warm pages, the renderer that appears after the bystander's belongs to the victim.
    let (server, site) = (Server::start_with(&["--browser-warm-pages", "0"]).await, Site::start().await);
    let ann = server.user("ann").await;
    let bystander = ann.create(&json!({})).await;
    ann.goto(&bystander, &site.page("form")).await;
    let before = processes::renderers(server.pid());
    let victim = ann.create(&json!({})).await;
    ann.goto(&victim, &site.page("loops")).await;
    let its_own: Vec<u32> =
        processes::renderers(server.pid()).into_iter().filter(|pid| !before.contains(pid)).collect();
    let waiting = ann.act(&victim, "wait_for_selector", json!({"selector": "#never", "timeoutMs": 20000}));
    let killing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for pid in &its_own {
            processes::kill(*pid);
        }
    };
    let (waited, ()) = tokio::join!(waiting, killing);
    let waited = waited.expect_error(409, "session_inactive");
    assert_eq!(waited["session"]["closeReason"], "browser_crashed");
    assert_eq!(ann.done(&bystander, "title", json!({})).await["title"], "Form");
    server.stop().await;
}

#[tokio::test]
async fn a_browser_that_does_not_start_is_told_with_its_cause() {
    let folder = Folder::new();
    folder.add_user("ann", &[]).await;
    let output = capture_tests::server::program()
        .args(["serve", "--listen", "127.0.0.1:0", "--browser-executable", "/bin/false", "--data-dir"])
        .arg(folder.data())
        .arg("--browser-run-root")
        .arg(folder.run_root())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("did not start"), "{said}");
    capture_tests::server::assert_nothing_left(&[], &folder.run_root()).await;
}

#[tokio::test]
async fn a_browser_that_stops_answering_is_given_up_and_replaced() {
    // Without browsers kept ready, the only browser is that of the session.
    let (server, site) = (Server::start_with(&["--browser-warm-pages", "0"]).await, Site::start().await);
    let ann = server.user("ann").await;
    let id = ann.create(&json!({})).await;
    let browser = processes::browsers(server.pid())[0];
    processes::signal(browser, rustix::process::Signal::STOP);
    let stuck = ann.act(&id, "title", json!({})).await;
    assert!(stuck.status == 504 || stuck.status == 409, "answered within its deadline: {}", stuck.body);
    until("the session is ended", Duration::from_secs(30), async || {
        ann.session(&id).await["session"]["status"] == "error"
    })
    .await;
    until("the browser is killed", Duration::from_secs(3), async || !processes::is_alive(browser)).await;
    let next = ann.create(&json!({})).await;
    assert_eq!(ann.goto(&next, &site.page("form")).await["title"], "Form");
    server.stop().await;
}

#[tokio::test]
async fn browsers_retire_after_the_sessions_they_may_serve() {
    let flags = ["--browser-isolation", "context", "--browser-retire-sessions", "3", "--browser-warm-pages", "1"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user("ann").await;
    let first = processes::browsers(server.pid())[0];
    for _ in 0..6 {
        let id = ann.create(&json!({})).await;
        assert_eq!(ann.goto(&id, &site.page("form")).await["title"], "Form");
        ann.close(&id).await.expect(200);
    }
    until("the first browser is gone", Duration::from_secs(20), async || !processes::is_alive(first)).await;
    // One browser for the page kept ready, and one more if a session was created while that page was being opened.
    let few = async || processes::browsers(server.pid()).len() <= 2;
    until("the others are gone", Duration::from_secs(20), few).await;
    server.stop().await;
}
