//! Many instances: the stories of one server, told through an instance that has no browser; and what only a cluster can do.

use std::{process::Stdio, time::Duration};

use capture_tests::through_another_instance;
use tokio::process::Command;

/// Stories that must go the same wherever the browser is.
const STORIES: [&str; 13] = [
    "billing::",
    "channel::",
    "codecs::",
    "content::",
    "cuts::",
    "edge::",
    "golden::",
    "idempotency::",
    "lifecycle::",
    "sdk::",
    "steps::",
    "tabs::",
    "watchers::",
];
/// Those that are about the process they talk to.
const OF_ONE_PROCESS: [&str; 2] = [
    "channel::a_stopping_server_tells_the_end_of_each_session_and_then_closes_1012",
    "lifecycle::a_drain_lets_live_sessions_work_refuses_new_ones_and_ends_the_rest",
];
/// Longer than all of them take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(400);

#[tokio::test]
async fn the_same_stories_go_the_same_through_another_instance() {
    if through_another_instance() {
        return; // this is one of them
    }
    let mut stories = Command::new(std::env::current_exe().unwrap());
    stories.args(STORIES).args(["--test-threads", "2"]).env("CAPTURE_THROUGH_ANOTHER", "1").env("RUST_BACKTRACE", "0");
    for story in OF_ONE_PROCESS {
        stories.args(["--skip", story]);
    }
    let output = stories.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.expect("the stories end").unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    let passed = told.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok());
    assert!(passed.unwrap_or(0) >= 30, "hardly any story was told: {told}");
}
