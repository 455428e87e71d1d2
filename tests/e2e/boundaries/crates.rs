//! The dependencies between crates, and which crate may use which library.

use std::{path::Path, process::Command};

use serde_json::Value;

fn metadata() -> Value {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline", "--manifest-path"])
        .arg(manifest)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    package["dependencies"].as_array().unwrap().iter().map(|dependency| dependency["name"].as_str().unwrap())
}

#[test]
fn crates_depend_on_each_other_only_along_the_known_arrows() {
    let arrows = [
        ("capture-core", &[][..]),
        ("capture-ws", &["capture-core"][..]),
        ("capture-http", &["capture-core", "capture-ws"][..]),
        ("capture-tests", &["capture-core", "capture-ws", "capture-http"][..]),
    ];
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let (_, allowed) = arrows.iter().find(|(known, _)| *known == name).expect("every crate is in the list");
        for dependency in dependencies(package).filter(|dependency| dependency.starts_with("capture")) {
            assert!(allowed.contains(&dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn each_library_stays_where_it_belongs() {
    let places = [
        ("chromiumoxide", &["capture-core"][..]),
        ("rusqlite", &["capture-core"][..]),
        ("command-fds", &["capture-core"][..]),
        ("landlock", &["capture-core"][..]),
        ("seccompiler", &["capture-core"][..]),
        ("axum", &["capture-http", "capture-tests"][..]),
        ("hyper", &["capture-http"][..]),
        ("clap", &["capture-http"][..]),
        ("object_store", &["capture-http"][..]),
        ("toml", &["capture-http"][..]),
        ("shlex", &["capture-http"][..]),
        ("anyhow", &[][..]),
    ];
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        for dependency in dependencies(package) {
            let Some((_, allowed)) = places.iter().find(|(library, _)| *library == dependency) else { continue };
            assert!(allowed.contains(&name), "{dependency} does not belong in {name}");
        }
    }
}
