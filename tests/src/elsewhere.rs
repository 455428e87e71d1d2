//! Decodes our MessagePack with an independent library, in JavaScript on Node.

use std::{fs::File, path::Path, process::Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::site::target_folder;

/// The frames as the library decodes them, with bytes as Base64 under the names that JSON has for them.
pub async fn decoded(frames: &[Bytes]) -> Vec<Value> {
    let folder = target_folder().join("messagepack");
    install(&folder).await;
    let mut node = Command::new("node");
    node.arg("decode.mjs").current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().unwrap();
    let lines: String = frames.iter().map(|frame| STANDARD.encode(frame) + "\n").collect();
    let mut stdin = node.stdin.take().unwrap();
    let (written, output) = tokio::join!(async move { stdin.write_all(lines.as_bytes()).await }, async {
        node.wait_with_output().await.unwrap()
    });
    written.unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Installs the library if it is missing. Tests in other processes may install it concurrently.
async fn install(folder: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("messagepack");
    tokio::fs::create_dir_all(folder).await.unwrap();
    let lock = File::create(folder.join(".lock")).unwrap();
    let _held = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await.unwrap().unwrap();
    for file in ["package.json", "package-lock.json", "decode.mjs"] {
        tokio::fs::copy(sources.join(file), folder.join(file)).await.unwrap();
    }
    if !folder.join("node_modules/.package-lock.json").is_file() {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(folder);
        assert!(npm.status().await.unwrap().success(), "npm ci");
    }
}
