//! Text and metadata.

use serde_json::json;

use super::Stage;

#[tokio::test]
async fn content_is_three_texts_and_never_null() {
    let stage = Stage::start().await;
    let read = stage.render("content", "/article.html", &json!({})).await.expect(200);
    assert_eq!(read["success"], true);
    assert!(read.text("html").to_ascii_lowercase().starts_with("<!doctype html>"), "{}", read.body);
    for form in ["textContent", "markdown"] {
        assert!(!read.text(form).is_empty() && !read.text(form).contains("<p>"), "{form}: {}", read.body);
    }
    let empty = stage.ann.post("/v1/render/content", &json!({"html": " "})).await.expect(200);
    assert_eq!((empty.text("textContent"), empty.text("markdown")), ("", ""));
    stage.server.stop().await;
}

const PAGE: &str = r#"<!doctype html><html lang="en-GB"><head><title>A tale of two | The Paper</title>
<meta property="og:title" content="A tale"><meta name="description" content="  What  happened
 "><meta property="og:image" content="https://example.com/a.png"><link rel="canonical" href="https://example.com/tale">
<link rel="icon" href="https://example.com/small.png" sizes="16x16"><link rel="icon" href="https://example.com/big.png" sizes="192x192">
<link rel="alternate" type="application/rss+xml" href="https://example.com/feed.xml">
<script type="application/ld+json">{"@graph":[{"@type":"NewsArticle","author":[{"name":"Ann Other"}],
"datePublished":"2026-03-01","publisher":{"name":"The Paper"}}]}</script><script type="application/ld+json">{broken</script>
<meta property="og:video:secure_url" content="https://example.com/v.mp4"></head><body><h1>Another heading</h1>
<audio src="https://example.com/a.mp3"></audio></body></html>"#;

#[tokio::test]
async fn metadata_has_thirteen_fields_of_the_rendered_page() {
    let stage = Stage::start().await;
    let read = stage.ann.post("/v1/render/metadata", &json!({"html": PAGE})).await.expect(200);
    let expected = json!({
        "author": "Ann Other", "audio": "https://example.com/a.mp3", "date": "2026-03-01T00:00:00.000Z",
        "description": "What happened", "feed": "https://example.com/feed.xml", "iframe": null,
        "image": "https://example.com/a.png", "lang": "en", "logo": "https://example.com/big.png",
        "publisher": "The Paper", "title": "A tale", "url": "https://example.com/tale", "video": "https://example.com/v.mp4",
    });
    assert_eq!(read["metadata"], expected);
    let bare = stage.ann.post("/v1/render/metadata", &json!({"html": "<p>nothing"})).await.expect(200);
    let fields = bare["metadata"].as_object().unwrap();
    assert_eq!(fields.len(), 13);
    assert!(fields.values().all(serde_json::Value::is_null), "{}", bare.body);
    // Fields named after what the script reads must not confuse it.
    let hostile = "<html><head><title>Real</title></head><body><form><input name=title><input name=getAttribute>\
                   <img name=querySelectorAll><img name=body></form></body></html>";
    let read = stage.ann.post("/v1/render/metadata", &json!({"html": hostile})).await.expect(200);
    assert_eq!(read["metadata"]["title"], "Real");
    stage.server.stop().await;
}
