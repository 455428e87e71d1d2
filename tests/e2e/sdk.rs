//! The official SDKs, unmodified except for their base URL.

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

/// Runs an installer in a folder.
///
/// # Errors
/// The output of the installer.
async fn install(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).current_dir(folder).output().await;
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{program} {arguments:?}: {said}")) }
}

#[tokio::test]
async fn the_python_sdk_works_unmodified() {
    let python = folder().join(".venv/bin/python");
    if !python.exists() {
        install(&folder(), "python3", &["-m", "venv", ".venv"])
            .await
            .expect("python3 with venv is installed by `make test`");
    }
    let requirements = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
    install(&folder(), &python.to_string_lossy(), &requirements).await.expect("the SDK installs");
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let said = run(&server, &site, &ann, &python, "python.py").await;
    assert!(said.contains("sdk python ok"), "{said}");
    server.stop().await;
}

/// The Node SDK supports sessions from 2.6 on. If the registry answers that it has no such version, the test is skipped
/// with a message; a registry that does not answer fails it.
#[tokio::test]
async fn the_node_sdk_works_unmodified() {
    if let Err(why) = install(&folder(), "npm", &["install", "--no-audit", "--no-fund"]).await {
        let is_unpublished = why.contains("code ETARGET") && why.contains("No matching version found for capture-node");
        assert!(is_unpublished, "the SDK is not installed: {why}");
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

/// Version 2.5.1 has every method that fetches.
#[tokio::test]
async fn the_node_sdk_fetches_pictures_documents_and_text() {
    install(&folder().join("fetch"), "npm", &["install", "--no-audit", "--no-fund"]).await.expect("the SDK installs");
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let said = run(&server, &site, &ann, Path::new("node"), "fetch/node.mjs").await;
    assert!(said.contains("sdk fetch node ok"), "{said}");
    server.stop().await;
}
