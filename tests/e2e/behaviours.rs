//! One page per behaviour; `tests/behaviours/README.md` defines their format.

use capture_tests::{Client, Reply, Server, Site, Wrapper};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::{
    frameworks,
    steps::{self, Described},
};

/// Pages that are tried concurrently, each in a session of its own.
const AT_ONCE: usize = 3;

/// Headless shell shows frames of other sites in the page's own process unless it is configured otherwise.
#[tokio::test]
async fn frames_in_processes_of_their_own() {
    let wrapper = Wrapper::with_arguments("--site-per-process");
    go_through_with("frames", &["--browser-executable", &wrapper.path().to_string_lossy()]).await;
}

async fn go_through(family: &str) {
    go_through_with(family, &[]).await;
}

async fn go_through_with(family: &str, flags: &[&str]) {
    if ["forms", "dragging"].contains(&family) {
        frameworks::build().await;
    }
    let (server, site) = (Server::start_with(flags).await, Site::start().await);
    let ann = server.user("ann").await;
    let all = steps::pages("behaviours", family, "behaviour", &site);
    let shown = futures::stream::iter(&all).map(async |behaviour| {
        let shown = show(&ann, behaviour, &site).await;
        shown.err().map(|why| format!("{family}/{}: {why}", behaviour.name))
    });
    let failed: Vec<String> = shown.buffered(AT_ONCE).filter_map(std::future::ready).collect().await;
    assert!(failed.is_empty(), "{} of {} failed\n{}", failed.len(), all.len(), failed.join("\n"));
    server.stop().await;
}

/// Runs the steps of a page in a session of their own.
async fn show(ann: &Client, behaviour: &Described, site: &Site) -> Result<(), String> {
    let id = ann.create(&json!({"maxTtlSeconds": 120})).await;
    let opened = ann.act(&id, "goto", json!({"url": behaviour.address})).await;
    let mut shown = if opened.status == 200 { Ok(()) } else { Err(format!("not opened: {}", opened.body)) };
    let mut same_page = true;
    for (index, step) in behaviour.steps().iter().enumerate() {
        if shown.is_ok() {
            let taken = steps::take(ann, &id, step, &opened.body).await;
            // The first page's witness cannot judge claims about another page.
            let stays = |reply: &Reply| reply["newTab"].is_null() && reply["navigated"] != true;
            same_page &= taken.as_ref().is_ok_and(|reply| reply.as_ref().is_none_or(stays));
            let believed = if same_page { believe(site, behaviour, step, taken).await } else { taken.map(drop) };
            shown = believed.map_err(|why| format!("step {index}: {why}"));
        }
    }
    ann.close(&id).await;
    shown
}

/// Lets the witness judge what a step's reply claims.
async fn believe(
    site: &Site,
    behaviour: &Described,
    step: &Value,
    taken: Result<Option<Reply>, String>,
) -> Result<(), String> {
    let (Some(reply), Some(kind)) = (taken?, step["do"].as_str()) else { return Ok(()) };
    let path = behaviour.address.trim_start_matches(&site.url(""));
    match site.witnesses().doubt(path, kind, &step["with"], &reply.body).await {
        Some(doubt) => Err(format!("{kind} answered {}, but {doubt}", reply.body)),
        None => Ok(()),
    }
}

macro_rules! families {
    ($($family:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $family() {
            go_through(stringify!($family)).await;
        })*

        #[test]
        fn every_family_is_gone_through() {
            let entries = std::fs::read_dir(steps::folder("behaviours")).unwrap().map(|entry| entry.unwrap());
            let families = entries.filter(|entry| entry.path().is_dir());
            for family in families.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
                assert!([$(stringify!($family)),*].contains(&family.as_str()), "{family}");
            }
        }
    };
}

families!(
    batches, clicks, dragging, forms, frames, happenings, keyboard, names, navigation, pictures, pointer, reading,
    selectors, snapshots, waiting,
);
