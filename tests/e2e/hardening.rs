//! What a browser must not do to the machine, whichever user it serves: sockets, memory, disk, and permissions of its
//! pages.

use std::{fs, time::Duration};

use capture_core::browser::chromium::sandbox_features;
use capture_tests::{Client, Server, Site, processes, until};
use serde_json::json;

/// Time from exceeding a limit to the end of the session, on a busy machine.
const ENDED: Duration = Duration::from_secs(30);

async fn ended(client: &Client, id: &str) {
    until("the session is ended", ENDED, async || client.session(id).await["session"]["status"] == "error").await;
    assert_eq!(client.session(id).await["session"]["closeReason"], "browser_crashed");
}

fn status(pid: u32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().to_owned()
}

#[tokio::test]
async fn every_browser_runs_in_the_sandbox_this_kernel_has() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    for options in [json!({}), json!({"cdp": true})] {
        let id = ann.create(&options).await;
        assert_eq!(ann.goto(&id, &site.page("form")).await["title"], "Form");
    }
    let browsers = processes::browsers(server.pid());
    assert!(browsers.len() >= 2, "{browsers:?}");
    for pid in browsers {
        if sandbox_features().sockets {
            assert_eq!((status(pid, "Seccomp:"), status(pid, "NoNewPrivs:")), ("2".to_owned(), "1".to_owned()));
        }
    }
    assert_eq!(status(server.pid(), "Seccomp:"), status(std::process::id(), "Seccomp:"), "the server is not walled in");
    server.stop().await;
}

#[tokio::test]
async fn sessions_come_and_go_faster_than_their_ports_rest() {
    let flags = ["--browser-isolation", "context", "--browser-max-pages", "2", "--browser-warm-pages", "0"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user("ann").await;
    for _ in 0..12 {
        let id = ann.create(&json!({})).await;
        assert_eq!(ann.goto(&id, &site.page("form")).await["title"], "Form");
        ann.close(&id).await.expect(200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_hoards_memory_ends_and_its_neighbours_do_not() {
    let flags = ["--browser-memory-mib", "900", "--browser-warm-pages", "0"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user("ann").await;
    let (hoarder, bystander) = (ann.create(&json!({})).await, ann.create(&json!({})).await);
    let browsers = processes::browsers(server.pid());
    ann.goto(&bystander, &site.page("form")).await;
    ann.goto(&hoarder, &site.page("hoarding")).await;
    ann.done(&hoarder, "click", json!({"selector": "#memory"})).await;
    ended(&ann, &hoarder).await;
    assert_eq!(ann.done(&bystander, "title", json!({})).await["title"], "Form");
    assert_eq!(processes::browsers(server.pid()), browsers, "the browser goes on");
    server.stop().await;
}

#[tokio::test]
async fn a_browser_of_its_own_ends_when_it_hoards_memory_or_disk() {
    let flags = ["--browser-memory-mib", "900", "--browser-disk-mib", "64", "--browser-warm-pages", "0"];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user("ann").await;
    let bystander = ann.create(&json!({})).await;
    ann.goto(&bystander, &site.page("form")).await;
    for what in ["#memory", "#disk"] {
        let before = processes::browsers(server.pid());
        let hoarder = ann.create(&json!({"cdp": true})).await;
        let own: Vec<u32> = processes::browsers(server.pid()).into_iter().filter(|pid| !before.contains(pid)).collect();
        assert_eq!(own.len(), 1);
        ann.goto(&hoarder, &site.page("hoarding")).await;
        ann.done(&hoarder, "click", json!({"selector": what})).await;
        ended(&ann, &hoarder).await;
        until("its browser is gone", Duration::from_secs(5), async || !processes::is_alive(own[0])).await;
    }
    assert_eq!(ann.done(&bystander, "title", json!({})).await["title"], "Form");
    server.stop().await;
}

/// Whether the answer is a denial or the absence of the feature: no device, no interface, no prompt, no fonts.
fn is_refusal(answer: &str) -> bool {
    const CODES: [&str; 10] = [
        "code1",
        "default", // the state of a prompt that was closed
        "denied",
        "false",
        "NotAllowedError",
        "NotFoundError",
        "NotSupportedError",
        "ReferenceError",
        "SecurityError", // the click may be too long ago on a busy machine
        "idle=prompt",
    ];
    answer == "fonts=" || CODES.iter().any(|code| answer.ends_with(code))
}

#[tokio::test]
async fn pages_are_refused_whatever_needs_a_permission() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    for options in [json!({}), json!({"cdp": true})] {
        let id = ann.create(&options).await;
        ann.goto(&id, &site.page("permissions")).await;
        ann.done(&id, "click", json!({"selector": "#ask"})).await;
        until("all are answered", Duration::from_secs(10), async || ann.log(&id).await != "idle").await;
        let answers = ann.log(&id).await;
        let given: Vec<_> = answers.split(' ').filter(|answer| !is_refusal(answer)).collect();
        assert!(given.is_empty() && answers.split(' ').count() == 10, "{given:?} of {answers} with {options}");
    }
    server.stop().await;
}
