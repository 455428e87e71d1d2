//! The official SDKs, unmodified, with only their base URL changed.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_tests::{Client, Server, Site};
use tokio::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk")
}

async fn run(server: &Server, site: &Site, client: &Client, program: &Path, script: &str) -> String {
    let token = String::from_utf8(STANDARD.decode(client.token()).unwrap()).unwrap();
    let (user, secret) = token.split_once(':').unwrap();
    let output = Command::new(program)
        .arg(folder().join(script))
        .current_dir(folder())
        .env("CAPTURE_TEST_BASE", server.base())
        .env("CAPTURE_TEST_USER", user)
        .env("CAPTURE_TEST_SECRET", secret)
        .env("CAPTURE_TEST_PAGE", site.page("form"))
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}

async fn installs(program: &str, arguments: &[&str]) -> bool {
    let installed = Command::new(program).args(arguments).current_dir(folder()).output().await;
    installed.is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn the_python_sdk_works_unmodified() {
    let python = folder().join(".venv/bin/python");
    if !python.exists() {
        assert!(installs("python3", &["-m", "venv", ".venv"]).await, "python3 with venv is installed by `make test`");
    }
    let requirements = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
    assert!(installs(&python.to_string_lossy(), &requirements).await, "the SDK installs");
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let said = run(&server, &site, &ann, &python, "python.py").await;
    assert!(said.contains("sdk python ok"), "{said}");
    server.stop().await;
}

/// The Node SDK has sessions from 2.6 on. Where the registry has no such version the test says so: there is nothing
/// to run, and nothing passes for it.
#[tokio::test]
async fn the_node_sdk_works_unmodified() {
    if !installs("npm", &["install", "--no-audit", "--no-fund", "--silent"]).await {
        let version: serde_json::Value = serde_json::from_str(include_str!("../sdk/package.json")).unwrap();
        println!("SKIPPED: the registry has no capture-node {}", version["dependencies"]["capture-node"]);
        return;
    }
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let said = run(&server, &site, &ann, Path::new("node"), "node.mjs").await;
    assert!(said.contains("sdk node ok"), "{said}");
    server.stop().await;
}
