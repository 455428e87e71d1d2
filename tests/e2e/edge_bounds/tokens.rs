//! The tokens that open a session's browser, and when they cease to be valid.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use capture_tests::{Client, Server, server::token_in, until};
use serde_json::json;
use tokio_tungstenite::connect_async;

/// The token in a session's `connectUrl`, as this user reads it.
async fn token(client: &Client, id: &str) -> String {
    let session = client.session(id).await.expect(200);
    let url = session["session"]["connectUrl"].as_str().unwrap();
    url.split_once("token=").unwrap().1.to_owned()
}

async fn opens(server: &Server, token: &str) -> bool {
    connect_async(format!("ws://{}/cdp?token={token}", server.address())).await.is_ok()
}

/// The answer of discovery to a token: the token in its addresses, or the reason of the refusal.
async fn discovered(server: &Server, token: &str) -> Result<String, String> {
    let reply = server.client("").get(&format!("/json/version?token={token}")).await;
    match reply["webSocketDebuggerUrl"].as_str() {
        Some(url) => Ok(url.split_once("token=").unwrap().1.to_owned()),
        None => Err(format!("{} {}", reply.status, reply["reason"].as_str().unwrap_or(reply.text("code")))),
    }
}

#[tokio::test]
async fn what_discovery_gives_out_ends_with_the_token_it_was_asked_with() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let id = ann.create(&json!({"cdp": true})).await;
    let (_, printed, _) = server.folder().capture(&["user", "secret", "ann", "add"]).await;
    let second = token_in(&printed);
    let (of_first, of_second) = (token(&ann, &id).await, token(&server.client(&second), &id).await);
    for token in [&of_first, &of_second] {
        assert_eq!(discovered(&server, token).await.as_ref(), Ok(token), "no newer one than was presented");
        assert!(opens(&server, token).await);
    }

    let bearer = String::from_utf8(STANDARD.decode(&second).unwrap()).unwrap();
    let (_, secret) = bearer.split_once(':').unwrap();
    assert!(server.folder().capture(&["user", "secret", "ann", "revoke", secret]).await.0);
    let revoked = Err("401 token_revoked".to_owned());
    let ends = async || discovered(&server, &of_second).await == revoked;
    until("a token ends with its secret", Duration::from_secs(5), ends).await;
    assert!(!opens(&server, &of_second).await, "and opens nothing");
    assert!(opens(&server, &of_first).await, "the user's other secret still does");

    ann.delete(&format!("/v1/sessions/{id}")).await.expect(200);
    let over = async || !opens(&server, &of_first).await;
    until("a token ends with its session", Duration::from_secs(5), over).await;
    assert_eq!(discovered(&server, &of_first).await.unwrap_err(), "409 session_inactive");

    let id = ann.create(&json!({"cdp": true})).await;
    let last = token(&ann, &id).await;
    assert!(server.folder().capture(&["user", "disable", "ann"]).await.0);
    let ends = async || discovered(&server, &last).await.is_err() && !opens(&server, &last).await;
    until("a token ends with its user", Duration::from_secs(5), ends).await;
    server.stop().await;
}
