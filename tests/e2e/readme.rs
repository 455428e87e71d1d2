//! The README is correct: its curl lines run as printed.

use std::process::Stdio;

use capture_tests::server::program;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

fn story() -> String {
    let readme = include_str!("../../README.md");
    let after = readme.split("<!-- story -->").nth(1).expect("the README has a story");
    after.split("```").nth(1).expect("in a block").trim_start_matches("sh").to_owned()
}

#[tokio::test]
async fn the_curl_lines_run_as_printed() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::set_permissions(temp.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let mut server = program();
    server.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--browser-run-root"]).arg(temp.path().join("run"));
    let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().expect("the address is printed");
    let base = first.rsplit(' ').next().unwrap();
    let story = story();
    assert!(story.contains("http://127.0.0.1:8080"), "{story}");
    let script = story.replace("http://127.0.0.1:8080", base);
    let output =
        Command::new("bash").args(["-euo", "pipefail", "-c", &script]).current_dir(temp.path()).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("\"billedCredits\":1"), "{said}");
    assert!(!said.contains("\"success\":false"), "{said}");
    let picture = std::fs::read(temp.path().join("page.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"), "a real PNG");
    server.kill().await.unwrap();
}
