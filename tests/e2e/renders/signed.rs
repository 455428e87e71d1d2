//! Signed addresses, as clients of the public API make them.

use capture_tests::{Reply, Server};
use md5::{Digest, Md5};
use reqwest::Method;

use super::{Stage, header};

/// The path of a signed address.
pub(super) fn path(user: &str, secret: &str, kind: &str, query: &str) -> String {
    let hash: String =
        Md5::digest(format!("{secret}{query}")).iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex).collect();
    format!("/{user}/{hash}/{kind}?{query}")
}

fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).unwrap()
}

pub(super) async fn ask(server: &Server, method: Method, path: &str) -> Reply {
    server.client("").send(method, path, &[], None).await
}

#[tokio::test]
async fn a_signed_address_needs_no_header_and_every_order_is_one_result() {
    let stage = Stage::start().await;
    let secret = stage.secret();
    let page = stage.site.url("/tall.html").replace(':', "%3A").replace('/', "%2F");
    // Clients write the same request in these ways; each is signed as it is written.
    let queries = [
        format!("vw=300&vh=200&url={page}"),
        format!("url={page}&vh=200&vw=300"),
        format!("url={}&vw=300&vh=200", stage.site.url("/tall.html")),
        format!("vh=200&url={page}&vw=300&waitFor=&t=1&unknown=yes"),
    ];
    for (at, query) in queries.iter().enumerate() {
        let reply = ask(&stage.server, Method::GET, &path("ann", &secret, "image", query)).await.expect(200);
        assert!(reply.bytes.starts_with(b"\x89PNG"));
        // Unknown parameters are ignored, but they may be meant to name another version of the page.
        let expected = if at == 0 || at == 3 { "miss" } else { "hit" };
        assert_eq!(header(&reply, "x-capture-cache"), expected, "{query}");
    }
    for kind in ["pdf", "content", "metadata"] {
        ask(&stage.server, Method::GET, &path("ann", &secret, kind, &queries[0])).await.expect(200);
    }
    stage.server.stop().await;
}

#[tokio::test]
async fn what_is_not_signed_as_it_is_sent_is_refused_in_equal_words() {
    let stage = Stage::start().await;
    let secret = stage.secret();
    let query = format!("url={}&vw=300", stage.site.url("/tall.html"));
    let good = path("ann", &secret, "image", &query);
    let encoded = query.replace('/', "%2F");
    let (start, _) = good.split_once('?').unwrap();
    let bad = [
        good.replace("vw=300", "vw=301"),
        format!("{start}?vw=300&url={}", stage.site.url("/tall.html")),
        format!("{start}?{encoded}"),
        path("ann", "wrong", "image", &query),
        path("nobody", &secret, "image", &query),
    ];
    let mut words = Vec::new();
    for path in bad {
        let refused = ask(&stage.server, Method::GET, &path).await.expect_error(401, "unauthorized");
        words.push(refused.text("error").to_owned());
    }
    assert!(words.iter().all(|word| word == "Invalid hash"), "{words:?}");
    assert_eq!(stage.credits().await, "100");
    stage.server.stop().await;
}

#[tokio::test]
async fn signed_addresses_that_always_render_do_so_sixty_times_a_minute() {
    let mut stage = Stage::start().await;
    stage.ann = stage.server.user_with("poor", &["--credits", "0"]).await; // so that nothing is rendered here
    let (secret, url) = (stage.secret(), "url=http%3A%2F%2F127.0.0.1%3A2%2F");
    let fresh = path("poor", &secret, "content", &format!("{url}&fresh=true"));
    for _ in 0..60 {
        ask(&stage.server, Method::GET, &fresh).await.expect_error(403, "forbidden");
    }
    let refused = ask(&stage.server, Method::GET, &fresh).await.expect_error(429, "session_limit");
    assert_eq!(refused.text("reason"), "fresh_limit");
    let usual = path("poor", &secret, "content", url);
    ask(&stage.server, Method::GET, &usual).await.expect_error(403, "forbidden");
    stage.server.stop().await;
}

#[tokio::test]
async fn head_answers_without_a_browser_and_costs_nothing() {
    let stage = Stage::start().await;
    let secret = stage.secret();
    // The page does not exist; it is not asked for.
    let query = "url=http%3A%2F%2F127.0.0.1%3A2%2F&type=webp";
    let reply = ask(&stage.server, Method::HEAD, &path("ann", &secret, "image", query)).await.expect(200);
    assert_eq!(header(&reply, "content-type"), "image/webp");
    ask(&stage.server, Method::HEAD, &path("ann", "wrong", "image", query)).await.expect(401);
    ask(&stage.server, Method::HEAD, &path("ann", &secret, "image", "full=true")).await.expect(400);
    assert_eq!(stage.credits().await, "100");
    stage.server.stop().await;
}
