//! Many instances: stories of a single server, repeated through an instance without a browser, and through nginx in
//! front of three instances.
//!
//! Stories in which the instances act differently run always. Those in which only the way to the browser is longer run
//! in `make faults` (`CAPTURE_LONG=1`).

use std::{process::Stdio, time::Duration};

use capture_tests::{long, shape};
use tokio::process::Command;

/// Stories that must not depend on where the browser is: those of every run, and the further ones of a long run.
const STORIES: (&[&str], &[&str]) = (
    &["channel::", "cuts::", "golden::", "idempotency::", "lifecycle::", "watchers::"],
    &["billing::", "codecs::", "content::", "edge::", "sdk::", "tabs::"],
);
/// The part of these stories whose clients reach another instance with every request.
const BALANCED: (&[&str], &[&str]) = (&["channel::", "idempotency::"], &["billing::", "sdk::"]);
/// Stories about the very process that they connect to.
const OF_ONE_PROCESS: [&str; 2] = [
    "channel::a_stopping_server_tells_the_end_of_each_session_and_then_closes_1012",
    "lifecycle::a_drain_lets_live_sessions_work_refuses_new_ones_and_ends_the_rest",
];
/// Longer than all stories take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(1_500);

#[tokio::test]
async fn the_same_stories_go_the_same_through_another_instance() {
    tell("through-another", STORIES, 20).await;
}

#[tokio::test]
async fn the_same_stories_go_the_same_through_nginx_before_three_instances() {
    tell("balanced", BALANCED, 10).await;
}

/// Runs stories with servers of this shape, and checks that at least `least` of them ran.
async fn tell(servers: &str, (always, further): (&[&str], &[&str]), least: usize) {
    if shape().is_some() {
        return; // this process is one of the repeated stories
    }
    let mut stories = Command::new(std::env::current_exe().unwrap());
    stories
        .args(always)
        .args(further.iter().filter(|_| long()))
        .args(["--test-threads", "2"])
        .env("CAPTURE_SHAPE", servers)
        .env("RUST_BACKTRACE", "0");
    for story in OF_ONE_PROCESS {
        stories.args(["--skip", story]);
    }
    let output = stories.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.expect("the stories end").unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    let passed = told.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok());
    assert!(passed.unwrap_or(0) >= least, "hardly any story was told: {told}");
}
