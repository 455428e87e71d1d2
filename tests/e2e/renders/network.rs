//! Renders are behind the egress guard like sessions: by address, by redirect, and by what a document contains.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::State, http::Uri, response::Redirect};
use capture_tests::Server;
use serde_json::json;

use super::header;

/// A server on loopback that counts its requests, and whose path `/away` leads to another address.
async fn listen(away: String) -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let (port, requests) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&requests);
    let answer = |State(counted): State<Arc<AtomicUsize>>, uri: Uri| async move {
        counted.fetch_add(1, Ordering::Relaxed);
        match uri.path() {
            "/away" => Err(Redirect::temporary(&away)),
            _ => Ok("a secret of this machine"),
        }
    };
    #[expect(clippy::disallowed_methods, reason = "it ends with its test's runtime")]
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer).with_state(counted)).await });
    (port, requests)
}

#[tokio::test]
async fn no_render_reaches_what_the_policy_denies() {
    let (hidden, reached) = listen(String::new()).await;
    let (open, _) = listen(format!("http://127.0.0.1:{hidden}/")).await;
    // Pages may reach the open server, by another address of this machine, and nothing else here.
    let rule = format!("127.0.0.2:{open}");
    let server = Server::start_with(&["--egress-allow", &rule]).await;
    let ann = server.user("ann").await;
    let denied = format!("http://127.0.0.1:{hidden}/");
    for (kind, url) in [
        ("image", denied.clone()),
        ("pdf", denied.replace("127.0.0.1", "localhost")),
        ("content", denied.replace("127.0.0.1", "[::1]")),
        ("metadata", denied.replace("127.0.0.1", "0x7f000001")),
        ("image", "http://169.254.169.254/latest/meta-data/".to_owned()),
        ("content", format!("http://127.0.0.2:{open}/away")),
    ] {
        let refused = ann.post(&format!("/v1/render/{kind}"), &json!({"url": url})).await;
        assert_eq!(refused.expect_error(400, "action_failed").text("reason"), "blocked_by_egress_policy", "{url}");
    }
    let html = format!(
        "<link rel=stylesheet href='{denied}style'><img src='{denied}picture'><iframe src='{denied}frame'></iframe>\
         <style>@font-face {{ font-family: f; src: url('{denied}font') }} body {{ font-family: f }}</style>\
         <object data='{denied}object'></object><script>fetch('{denied}script', {{mode: 'no-cors'}})</script>text"
    );
    for kind in ["image", "pdf", "content"] {
        let made = ann.post(&format!("/v1/render/{kind}"), &json!({"html": html, "delay": 0.3})).await.expect(200);
        assert_eq!(header(&made, "x-capture-cache"), "miss");
        assert!(!String::from_utf8_lossy(&made.bytes).contains("a secret of this machine"), "{kind}");
    }
    let header_of_pdf =
        json!({"html": "text", "header": format!("<img src='{denied}header'>"), "footer": "<p>end</p>"});
    ann.post("/v1/render/pdf", &header_of_pdf).await.expect(200);
    assert_eq!(reached.load(Ordering::Relaxed), 0);
    server.stop().await;
}
