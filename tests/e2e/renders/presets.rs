//! Named sets of parameters.

use capture_tests::pdf::PdfFacts;
use serde_json::json;

use super::{Stage, header};

#[tokio::test]
async fn a_preset_stands_for_its_parameters_and_the_request_takes_precedence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presets.toml");
    std::fs::write(&file, "[small]\nvw = 300\nvh = 200\nformat = 'jpeg'\n").unwrap();
    let flags = ["--presets", file.to_str().unwrap(), "--ip-ranges", "203.0.113.0/24, 2001:db8::1"];
    let stage = Stage::start_with(&flags).await;
    let small = stage.render("image", "/tall.html", &json!({"preset": "small"})).await.expect(200);
    assert_eq!(header(&small, "content-type"), "image/jpeg");
    let written_out = json!({"vw": 300, "vh": 200, "type": "jpeg"});
    let same = stage.render("image", "/tall.html", &written_out).await.expect(200);
    assert_eq!(header(&same, "x-capture-cache"), "hit", "a preset is resolved before the cache is asked");
    let other = stage.render("image", "/tall.html", &json!({"preset": "small", "type": "png"})).await.expect(200);
    assert_eq!(header(&other, "content-type"), "image/png");
    let alias = json!({"preset": "small", "format": "webp"});
    let alias = stage.render("image", "/tall.html", &alias).await.expect(200);
    assert_eq!(header(&alias, "content-type"), "image/webp", "the request takes precedence by its other name, too");
    let elsewhere = stage.render("content", "/tall.html", &json!({"preset": "small"})).await.expect(200);
    assert_eq!(header(&elsewhere, "content-type"), "application/json", "what does not concern a render is left out");
    let unknown = stage.render("image", "/tall.html", &json!({"preset": "large"})).await;
    assert!(unknown.expect_error(400, "invalid_request").text("error").contains("preset"));
    let ranges = stage.server.client("").get("/ip-ranges.json").await.expect(200);
    assert_eq!(ranges.body, json!({"prefixes": ["203.0.113.0/24", "2001:db8::1"]}));
    stage.server.stop().await;
}

#[tokio::test]
async fn every_alias_is_its_name() {
    let stage = Stage::start().await;
    for (alias, name, value) in [
        ("fullPage", "full", json!(true)),
        ("format", "type", json!("webp")),
        ("waitForSelector", "waitFor", json!("body")),
        ("deviceScale", "scaleFactor", json!(2)),
        ("deviceScaleFactor", "scaleFactor", json!(1.5)),
        ("file_name", "fileName", json!("a")),
    ] {
        let usual = json!({"vw": 300, "vh": 200, (name): value});
        let reply = stage.render("image", "/tall.html", &usual).await.expect(200);
        assert_eq!(header(&reply, "x-capture-cache"), "miss", "{usual}");
        let other = json!({"vw": 300, "vh": 200, (alias): value});
        let reply = stage.render("image", "/tall.html", &other).await.expect(200);
        assert_eq!(header(&reply, "x-capture-cache"), "hit", "{other}");
    }
    // Of a PDF document, `format` is the paper.
    let paper = stage.render("pdf", "/tall.html", &json!({"format": "A6"})).await.expect(200);
    let size = PdfFacts::read(&paper.bytes).await.size;
    assert!((size.0 - 298.0).abs() < 2.0 && (size.1 - 420.0).abs() < 2.0, "{size:?}");
    stage.server.stop().await;
}
