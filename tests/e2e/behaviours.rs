//! One page per behaviour: `tests/behaviours/README.md` says how they are written.

use std::path::{Path, PathBuf};

use capture_core::browser::chromium::find_executable;
use capture_tests::{Client, Server, Site, expected::differences};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::frameworks;

/// How long a page may take to show what it made of an action.
const REACTS: Duration = Duration::from_secs(2);

/// A behaviour as its page describes it.
struct Behaviour {
    name: String,
    address: String,
    steps: Vec<Value>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("behaviours")
}

/// The behaviours of a family, by name.
fn behaviours(family: &str, site: &Site) -> Vec<Behaviour> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder().join(family)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with('_') || path.extension().is_none_or(|kind| kind != "html") {
            continue;
        }
        let page = site.filled(family, &std::fs::read_to_string(&path).unwrap());
        let (_, rest) = page.split_once("id=\"behaviour\">").unwrap_or_else(|| panic!("{name} has a behaviour"));
        let (described, _) = rest.split_once("</script>").unwrap();
        let described: Value = serde_json::from_str(described).unwrap_or_else(|error| panic!("{name}: {error}"));
        let steps = described["steps"].as_array().unwrap_or_else(|| panic!("{name} has steps")).clone();
        found.push(Behaviour { address: site.url(&format!("/behaviours/{family}/{name}.html")), name, steps });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Headless shell shows frames of other sites in the page's own process unless it is told otherwise.
#[tokio::test]
async fn frames_in_processes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let open = || std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open()).unwrap();
    let wrapper = folder.path().join("chromium-headless-shell");
    let browser = find_executable().expect("Chromium is installed by `make test`");
    let script = format!("#!/bin/sh\nexec '{}' \"$@\" --site-per-process\n", browser.display());
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, open()).unwrap();
    go_through_with("frames", &["--browser-executable", &wrapper.to_string_lossy()]).await;
}

async fn go_through(family: &str) {
    go_through_with(family, &["--browser-warm-pages", "3"]).await;
}

async fn go_through_with(family: &str, flags: &[&str]) {
    if family == "forms" {
        frameworks::build().await;
    }
    let (server, site) = (Server::start_with(flags).await, Site::start().await);
    let ann = server.user("ann").await;
    let mut failed = Vec::new();
    let all = behaviours(family, &site);
    assert!(!all.is_empty(), "{family} has behaviours");
    for behaviour in &all {
        if let Err(why) = show(&ann, behaviour).await {
            failed.push(format!("{family}/{}: {why}", behaviour.name));
        }
    }
    assert!(failed.is_empty(), "{} of {} failed\n{}", failed.len(), all.len(), failed.join("\n"));
    server.stop().await;
}

/// Goes through the steps in a session of their own.
async fn show(ann: &Client, behaviour: &Behaviour) -> Result<(), String> {
    let id = ann.create(&json!({"maxTtlSeconds": 120})).await;
    let opened = ann.act(&id, "goto", json!({"url": behaviour.address})).await;
    let mut shown = if opened.status == 200 { Ok(()) } else { Err(format!("not opened: {}", opened.body)) };
    for (index, step) in behaviour.steps.iter().enumerate() {
        if shown.is_ok() {
            shown = go(ann, &id, step, &opened.body).await.map_err(|why| format!("step {index}: {why}"));
        }
    }
    ann.close(&id).await;
    shown
}

async fn go(ann: &Client, id: &str, step: &Value, opened: &Value) -> Result<(), String> {
    if let Some(millis) = step["wait"].as_u64() {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    if let Some(wanted) = step.get("opened") {
        told("the reply of goto", &differences(opened, wanted))?;
    }
    if let Some(kind) = step["do"].as_str() {
        let reply = ann.act(id, kind, step.get("with").cloned().unwrap_or_else(|| json!({}))).await;
        let mut body = reply.body.clone();
        let wanted = match (step.get("reply"), step.get("refused")) {
            (_, Some(refused)) => {
                body["status"] = reply.status.into();
                refused
            }
            (wanted, None) if reply.status == 200 => wanted.unwrap_or(&Value::Null),
            _ => return Err(format!("{kind} failed: {}", reply.body)),
        };
        if !wanted.is_null() {
            told(&format!("{kind} answered {}", short(&reply.body)), &differences(&body, wanted))?;
        }
    }
    let Some(sights) = step["see"].as_object() else { return Ok(()) };
    for (selector, wanted) in sights {
        see(ann, id, selector, wanted).await?;
    }
    Ok(())
}

/// Looks until the page shows it.
async fn see(ann: &Client, id: &str, selector: &str, wanted: &Value) -> Result<(), String> {
    let end = Instant::now() + REACTS;
    let is_fields = wanted.as_object().is_some_and(|fields| !fields.keys().any(|key| key.starts_with('$')));
    let fields: Vec<&String> = wanted.as_object().filter(|_| is_fields).into_iter().flat_map(|f| f.keys()).collect();
    loop {
        let asked =
            if is_fields { json!({"selector": selector, "fields": fields}) } else { json!({"selector": selector}) };
        let reply = ann.act(id, "query", asked).await;
        let first = &reply.body["elements"][0];
        let seen = if is_fields { first.clone() } else { first["text"].clone() };
        let differences = differences(&seen, wanted);
        if differences.is_empty() && reply.status == 200 {
            return Ok(());
        }
        if Instant::now() >= end {
            return told(&format!("{selector} shows {seen}"), &differences);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn told(what: &str, differences: &[String]) -> Result<(), String> {
    if differences.is_empty() { Ok(()) } else { Err(format!("{what}: {}", differences.join("; "))) }
}

fn short(value: &Value) -> String {
    let mut value = value.clone();
    for field in ["session", "hint", "requestId", "actionId", "expiresInSeconds"] {
        value.as_object_mut().map(|fields| fields.remove(field));
    }
    value.to_string().chars().take(700).collect()
}

macro_rules! families {
    ($($family:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $family() {
            go_through(stringify!($family)).await;
        })*

        #[test]
        fn every_family_is_gone_through() {
            let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
            let families = entries.filter(|entry| entry.path().is_dir());
            for family in families.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
                assert!([$(stringify!($family)),*].contains(&family.as_str()), "{family}");
            }
        }
    };
}

families!(
    batches, clicks, forms, frames, happenings, keyboard, navigation, pictures, pointer, reading, selectors, snapshots,
    waiting,
);
