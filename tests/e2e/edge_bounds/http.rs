//! Connections that occupy places, and replies that are not read.

use std::time::Duration;

use capture_tests::{Client, Server};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{KEPT, assert_memory_is_back, assert_served, from_elsewhere, memory};

/// More connections than a server has places.
const CONNECTIONS: usize = 1_100;
const PIPELINED: usize = 60;

#[tokio::test]
async fn connections_that_read_nothing_do_not_keep_others_out() {
    let server = Server::start().await;
    let bob = server.user("bob").await;
    let id = bob.create(&json!({})).await;
    let requests = "GET /asyncapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(PIPELINED);
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        // The later connections are refused or reset, as they should be.
        let Ok(mut stream) = from_elsewhere(&server).await else { continue };
        let _ = stream.write_all(requests.as_bytes()).await;
        held.push(stream);
    }
    assert!(held.len() > CONNECTIONS / 2);
    assert_served(&server, &bob, &id).await;
    let mut further = from_elsewhere(&server).await.unwrap();
    further.write_all(requests.as_bytes()).await.unwrap();
    assert_served(&server, &bob, &id).await;
    server.stop().await;
}

/// Shows a page of noise, whose picture does not compress.
pub(super) async fn show_noise(client: &Client, id: &str, side: u32) {
    let script = format!(
        "<body style='margin:0'><canvas width={side} height={side}></canvas><script>\
         const c = document.querySelector('canvas').getContext('2d'), d = c.createImageData({side}, {side});\
         const words = new Uint32Array(d.data.buffer); let x = 123456789;\
         for (let i = 0; i < words.length; i++) {{ x ^= x << 13; x ^= x >>> 17; x ^= x << 5; words[i] = x | 0xff000000 }}\
         c.putImageData(d, 0, 0)</script>"
    );
    let url = format!("data:text/html,{}", script.replace('%', "%25").replace('#', "%23"));
    client.done(id, "goto", json!({"url": url, "viewport": {"width": side, "height": side}})).await;
}

#[tokio::test]
async fn unread_replies_are_let_go_of_when_their_session_ends() {
    let server = Server::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let other = bob.create(&json!({})).await;
    let id = ann.create(&json!({})).await;
    show_noise(&ann, &id, 2_000).await;
    let before = memory(&server);
    let mut unread = Vec::new();
    for _ in 0..4 {
        let body = r#"{"type":"screenshot"}"#;
        let mut stream: TcpStream = from_elsewhere(&server).await.unwrap();
        let request = format!(
            "POST /v1/sessions/{id}/actions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            ann.token(),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.peek(&mut [0]).await.unwrap(); // waits until the answer begins
        unread.push(stream);
    }
    assert!(memory(&server) > before + (40 << 20), "four replies of 16 MB and more are held");
    assert_served(&server, &bob, &other).await;
    ann.delete(&format!("/v1/sessions/{id}")).await.expect(200);
    assert_memory_is_back(&server, before + KEPT, Duration::from_secs(15)).await;
    drop(unread);
    server.stop().await;
}
