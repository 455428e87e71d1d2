//! The site of `tests/site`: each entry of its list says what a right picture or PDF document shows, as facts about
//! pixels and pages. A tenth of it is tried every day; `make site` tries all of it, leaves the pictures in
//! `target/site`, and compares them with the pictures that were looked at by eye (`tests/site/golden`).

use std::path::PathBuf;

use capture_tests::{Client, Reply, Server, Site, gallery, likeness, long, pdf::PdfFacts, tried_today};
use futures::{StreamExt, stream};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Renders at a time.
const AT_ONCE: usize = 2;
/// How much a channel of a pixel may differ, of 255: pictures are compressed, and edges are smoothed.
const TOLERANCE: u8 = 12;
/// The share of squares that may differ from the golden picture, because fonts are not the same everywhere.
const DIFFERENT: f64 = 0.08;

/// A page with its parameters, and what a right result shows.
#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    path: String,
    kind: String,
    parameters: Map<String, Value>,
    /// The picture is not the same every time, so that it has no golden one.
    #[serde(default)]
    varies: bool,
    checks: Vec<Check>,
}

/// Facts about a result. Those that are given must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    x: Option<u32>,
    y: Option<u32>,
    rgb: Option<[u8; 3]>,
    alpha: Option<u8>,
    width: Option<u32>,
    height: Option<u32>,
    status: Option<u16>,
    pages: Option<usize>,
    size: Option<(f64, f64)>,
    text: Option<String>,
    outline: Option<Vec<String>>,
    links: Option<Vec<String>>,
    tagged: Option<bool>,
}

#[tokio::test]
async fn pictures_and_documents_show_what_they_should() {
    let (server, site) = (Server::start_with(&["--max-renders-per-user", "4"]).await, Site::start().await);
    let ann = server.user("ann").await;
    let list = std::fs::read(gallery::folder().join("site.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_slice(&list).unwrap();
    assert!(entries.len() >= 100, "{}", entries.len());
    let tried = tried_today(entries, 10, |entry| &entry.name);
    let results = stream::iter(&tried).map(|entry| wrong(&ann, &site, entry)).buffer_unordered(AT_ONCE);
    let wrong: Vec<String> = results.filter_map(|wrong| async { wrong }).collect().await;
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), tried.len(), wrong.join("\n"));
    server.stop().await;
}

/// Says what is wrong with the result of an entry.
async fn wrong(ann: &Client, site: &Site, entry: &Entry) -> Option<String> {
    let mut body = entry.parameters.clone();
    body.insert("url".to_owned(), site.url(&entry.path).into());
    if entry.kind == "image" && !body.contains_key("emulateDevice") {
        body.entry("vw").or_insert(json!(640));
        body.entry("vh").or_insert(json!(400));
    }
    let reply = ann.post(&format!("/v1/render/{}", entry.kind), &Value::from(body)).await;
    if reply.status != 200 {
        return Some(format!("{}: {} {}", entry.name, reply.status, reply.body));
    }
    let mut wrong = match &*entry.kind {
        "pdf" => wrong_in_pdf(&PdfFacts::read(&reply.bytes).await, &entry.checks),
        _ => wrong_in_picture(&reply, entry),
    };
    wrong.dedup();
    (!wrong.is_empty()).then(|| format!("{}: {}", entry.name, wrong.join("; ")))
}

fn wrong_in_pdf(facts: &PdfFacts, checks: &[Check]) -> Vec<String> {
    let mut wrong = Vec::new();
    for check in checks {
        let near =
            |(width, height): (f64, f64)| (width - facts.size.0).abs() < 2.0 && (height - facts.size.1).abs() < 2.0;
        let is_right = check.pages.is_none_or(|pages| pages == facts.pages)
            && check.size.is_none_or(near)
            && check.text.as_ref().is_none_or(|text| facts.text.contains(text))
            && check.outline.as_ref().is_none_or(|outline| *outline == facts.outline)
            && check.links.as_ref().is_none_or(|links| links.iter().all(|link| facts.links.contains(link)))
            && check.tagged.is_none_or(|tagged| tagged == facts.is_tagged);
        if !is_right {
            wrong.push(format!("{check:?} in {facts:?}"));
        }
    }
    wrong
}

fn wrong_in_picture(reply: &Reply, entry: &Entry) -> Vec<String> {
    let picture = image::load_from_memory(&reply.bytes).expect("a picture").into_rgba8();
    let mut wrong = Vec::new();
    for check in &entry.checks {
        if let (Some(x), Some(y)) = (check.x, check.y) {
            let Some(pixel) = picture.get_pixel_checked(x, y) else {
                wrong.push(format!("no pixel at {x},{y}"));
                continue;
            };
            let near = |(is, should): (&u8, &u8)| is.abs_diff(*should) <= TOLERANCE;
            let has_colour = check.rgb.is_none_or(|rgb| pixel.0.iter().zip(&rgb).all(near));
            if !has_colour || check.alpha.is_some_and(|alpha| !near((&pixel.0[3], &alpha))) {
                wrong.push(format!("{:?} at {x},{y} instead of {:?} {:?}", pixel.0, check.rgb, check.alpha));
            }
        }
        if let (Some(width), Some(height)) = (check.width, check.height)
            && (width, height) != picture.dimensions()
        {
            wrong.push(format!("{:?} instead of {width} × {height}", picture.dimensions()));
        }
        let status = reply.headers.get("x-capture-page-status").and_then(|status| status.to_str().ok()?.parse().ok());
        if check.status.is_some() && check.status != status {
            wrong.push(format!("status {status:?}"));
        }
    }
    if long() && !entry.varies {
        wrong.extend(unlike(&picture, &entry.name));
    }
    wrong
}

/// Keeps a picture, and compares it with the golden one.
fn unlike(picture: &image::RgbaImage, name: &str) -> Option<String> {
    let mut png = Vec::new();
    let opaque = image::DynamicImage::from(picture.clone()).into_rgb8();
    opaque
        .write_with_encoder(PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive))
        .unwrap();
    let shown: PathBuf = capture_tests::site::target_folder().join("site");
    std::fs::create_dir_all(&shown).unwrap();
    std::fs::write(shown.join(format!("{name}.png")), &png).unwrap();
    let golden = gallery::folder().join("golden").join(format!("{name}.png"));
    if std::env::var_os("CAPTURE_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(golden, png).unwrap();
        return None;
    }
    let Ok(golden) = std::fs::read(golden) else { return Some("no golden picture".to_owned()) };
    let difference = likeness::difference(&golden, &png);
    (difference > DIFFERENT).then(|| format!("{difference:.2} of it is unlike the golden picture"))
}
