//! Builds React, Vue, Lit, editors and dragging libraries from the npm registry into `target/`, for the pages of
//! `behaviours/forms` and `behaviours/dragging`.

use std::{fs::File, path::Path};

use capture_tests::site::frameworks_folder;
use tokio::process::Command;

/// Builds the scripts. Packages are installed where they are missing or differ from the lock file.
pub(crate) async fn build() {
    let folder = frameworks_folder();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("frameworks");
    tokio::fs::create_dir_all(&folder).await.unwrap();
    // Each family is a test process of its own: one of them builds, and the others wait for it.
    let turn = File::create(folder.join("turn")).unwrap();
    turn.lock().unwrap();
    let lock = "package-lock.json";
    let installed = tokio::fs::read(folder.join(lock)).await.ok();
    let is_current = installed == tokio::fs::read(sources.join(lock)).await.ok();
    for file in ["package.json", lock, "build.mjs", "react.js", "vue.js", "lit.js", "editors.js", "dragging.js"] {
        tokio::fs::copy(sources.join(file), folder.join(file)).await.unwrap();
    }
    if !is_current || !folder.join("node_modules/.package-lock.json").is_file() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder)).await;
    }
    run(Command::new("node").args(["build.mjs", "built"]).current_dir(&folder)).await;
}

async fn run(command: &mut Command) {
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
