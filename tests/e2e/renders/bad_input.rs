//! Thousands of queries and bodies that no client should send: each is answered in the shape of the contract, and none
//! renders or costs anything.
//!
//! Two hundred and fifty run always, twenty thousand in `make fuzz`.

use capture_tests::{Client, Dice, Reply, Server, long};
use futures::{StreamExt, stream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value};

use super::{Stage, signed::path};

/// Requests of the short run and of the long one.
const REQUESTS: (u64, u64) = (250, 20_000);
const KINDS: [&str; 5] = ["image", "pdf", "content", "metadata", "animated"];
/// Every parameter, some of other APIs, and some that are none.
const NAMES: [&str; 58] = [
    "url",
    "html",
    "vw",
    "vh",
    "scaleFactor",
    "emulateDevice",
    "userAgent",
    "httpAuth",
    "darkMode",
    "reducedMotion",
    "waitFor",
    "waitForId",
    "waitTimeout",
    "delay",
    "proxy",
    "bypassBotDetection",
    "preset",
    "stealth",
    "blockAds",
    "blockCookieBanners",
    "fresh",
    "timestamp",
    "selector",
    "selectorId",
    "full",
    "top",
    "left",
    "width",
    "height",
    "type",
    "bestFormat",
    "quality",
    "transparent",
    "resizeWidth",
    "resizeHeight",
    "freezeAnimations",
    "format",
    "marginTop",
    "marginRight",
    "marginBottom",
    "marginLeft",
    "scale",
    "landscape",
    "printBackground",
    "preferCssPageSize",
    "pageRanges",
    "header",
    "footer",
    "outline",
    "tagged",
    "duration",
    "hideScrollbars",
    "fileName",
    "s3Acl",
    "s3Redirect",
    "skipUpload",
    "__proto__",
    "",
];
const VALUES: [&str; 40] = [
    "",
    "true",
    "false",
    "1",
    "0",
    "-1",
    "1e309",
    "NaN",
    "inf",
    "0x10",
    "99999999999999999999",
    "0.00000000001",
    "1,5",
    "http://127.0.0.1:2/",
    "https://example.com",
    "http://",
    "http://[::1",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//example.com",
    "http://a b/",
    "ä€😀",
    "\u{0}",
    "\r\nx: y",
    "../../etc/passwd",
    "a/../../b",
    "#id",
    "((((",
    "[a='b",
    "text=x",
    "//*[",
    "A4",
    "png",
    "iphone_x",
    "public-read",
    "dXNlcjpwYXNz",
    "1-",
    "5-3",
    "10mm",
    "-4in",
];

#[tokio::test]
async fn bad_queries_and_bodies_are_answered_in_shape_and_render_nothing() {
    let mut stage = Stage::start().await;
    stage.ann = stage.server.user_with("poor", &["--credits", "0"]).await; // so that good ones are refused as well
    let secret = stage.secret();
    let requests = if long() { REQUESTS.1 } else { REQUESTS.0 };
    let sent = stream::iter(0..requests).map(|seed| send(&stage.server, &stage.ann, &secret, seed));
    let judged: Vec<Result<u16, String>> = sent.buffer_unordered(8).collect().await;
    let (answered, wrong): (Vec<_>, Vec<_>) = judged.into_iter().partition(Result::is_ok);
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).take(20).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let answered: Vec<u16> = answered.into_iter().flatten().collect();
    for status in [200, 400, 401, 403] {
        assert!(answered.contains(&status), "no request was answered {status}");
    }
    assert_eq!(stage.server.folder().account("poor", "renders").await, "0, 0 credits");
    stage.server.stop().await;
}

/// Sends one request. Returns its status, or what is wrong with the answer.
async fn send(server: &Server, user: &Client, secret: &str, seed: u64) -> Result<u16, String> {
    let mut dice = Dice::new(seed);
    let kind = dice.one(&KINDS);
    let pairs = pairs(&mut dice);
    let (about, is_head, reply) = if dice.one_in(3) {
        let body: Map<String, Value> = pairs.into_iter().map(|(name, value)| (name, json(&mut dice, value))).collect();
        let reply = user.post(&format!("/v1/render/{kind}"), &Value::from(body.clone())).await;
        (format!("{kind} {body:?}"), false, reply)
    } else {
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", written(&mut dice, name), written(&mut dice, value)))
            .collect();
        let query = query.join("&");
        let secret = if dice.one_in(8) { "wrong" } else { secret };
        let method = if dice.one_in(3) { Method::HEAD } else { Method::GET };
        let path = path("poor", secret, kind, &query);
        let is_head = method == Method::HEAD;
        (format!("{method} {path}"), is_head, server.client("").send(method, &path, &[], None).await)
    };
    judge(&reply, is_head)
        .map(|()| reply.status)
        .map_err(|why| format!("{seed}: {why}: {} {} to {about}", reply.status, reply.body))
}

fn pairs(dice: &mut Dice) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = (0..dice.throw(7)).map(|_| (name(dice), value(dice))).collect();
    if !dice.one_in(4) {
        pairs.push(("url".to_owned(), "http://127.0.0.1:2/".to_owned()));
    }
    pairs
}

fn name(dice: &mut Dice) -> String {
    match dice.throw(20) {
        0 => value(dice),
        1 => "x".repeat(dice.throw(3_000)),
        _ => dice.one(&NAMES).to_owned(),
    }
}

fn value(dice: &mut Dice) -> String {
    match dice.throw(20) {
        0 => dice.one(&["9", "a", "ä", "(", "%"]).repeat(dice.throw(3_000)),
        1 => dice.throw(100_000).to_string(),
        _ => dice.one(&VALUES).to_owned(),
    }
}

/// A text in a query: encoded, or raw where an HTTP client sends it, with escapes that may be none.
fn written(dice: &mut Dice, text: &str) -> String {
    let raw: String = text.chars().filter(|c| c.is_ascii_graphic() && !"#&\"<>\\^`{|}[]".contains(*c)).collect();
    match dice.throw(6) {
        0 => raw,
        1 => format!("{raw}%zz%"),
        2 => format!("%ff%C3{raw}"),
        _ => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
    }
}

/// A value of a body: the text, or something of another type.
fn json(dice: &mut Dice, text: String) -> Value {
    match dice.throw(8) {
        0 => Value::Null,
        1 => Value::Bool(dice.one_in(2)),
        2 => Value::from(dice.throw(10_000)),
        3 => Value::from(vec![text]),
        4 => Value::from(Map::from_iter([(text, Value::Null)])),
        _ => Value::from(text),
    }
}

fn judge(reply: &Reply, is_head: bool) -> Result<(), String> {
    match reply.status {
        // HEAD tells what GET would be answered with.
        200 | 400 | 401 | 403 | 429 if is_head && reply.bytes.is_empty() => Ok(()),
        400 | 401 | 403 | 429 if reply.body["success"] == false && reply.body["code"].is_string() => Ok(()),
        _ => Err("an answer that is not documented".to_owned()),
    }
}
