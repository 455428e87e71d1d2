//! What a page may not request or show: advertising that the operator's lists name.

use capture_tests::server::program;
use serde_json::json;

use super::{Stage, header};

/// The lines of a page's log of requests that were answered.
async fn requested(stage: &Stage, block: bool) -> String {
    let parameters = json!({"blockAds": block, "delay": 0.2});
    stage.render("content", "/adverts.html", &parameters).await.expect(200).text("textContent").to_owned()
}

#[tokio::test]
async fn requests_that_a_list_names_are_blocked_in_every_frame() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.txt"), "/adverts/*\n@@/adverts/good.js\n").unwrap();
    let stage = Stage::start_with(&["--block-lists", folder.path().to_str().unwrap()]).await;
    let all = requested(&stage, false).await;
    for shown in ["The article.", "advert one", "advert frame", "advert two", "useful"] {
        assert!(all.contains(shown), "{shown}: {all}");
    }
    let without = requested(&stage, true).await;
    for shown in ["The article.", "useful", "The frame."] {
        assert!(without.contains(shown), "{shown}: {without}");
    }
    assert!(!without.contains("advert "), "{without}");
    // The document that was asked for is not judged.
    let named = stage.render("content", "/adverts/frame.html", &json!({"blockAds": true})).await.expect(200);
    assert!(named.text("textContent").contains("advert frame"), "{}", named.body);
    // Credentials need stopped requests as well.
    let both = json!({"blockAds": true, "httpCredentials": {"username": "ann", "password": "word"}});
    let login = stage.render("content", "/login", &both).await.expect(200);
    assert_eq!(header(&login, "x-capture-page-status"), "200");
    stage.server.stop().await;
}

#[tokio::test]
async fn without_lists_there_is_a_warning_and_a_folder_without_lists_is_refused() {
    let stage = Stage::start().await;
    let page = stage.render("content", "/adverts.html", &json!({"blockAds": true})).await.expect(200);
    assert!(header(&page, "x-capture-warning").contains("blockAds is ignored: this server has no lists"));
    stage.server.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let flags = ["serve", "--dev", "--listen", "127.0.0.1:0", "--block-lists", folder.path().to_str().unwrap()];
    let output = program().args(flags).output().await.unwrap();
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && refused.contains("block-lists") && refused.contains(".txt"), "{refused}");
}
