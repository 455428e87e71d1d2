//! Thousands of requests that no client should send: every answer has a documented status and the JSON shape, and no
//! session is harmed.
//!
//! Three thousand requests run always, a hundred thousand in `make fuzz` (`CAPTURE_LONG=1`).

use std::time::Duration;

use capture_core::action::ActionType;
use capture_tests::{Client, Dice, Server, long};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Requests of the short run and of the long one.
const REQUESTS: (u64, u64) = (3_000, 100_000);
/// Statuses that any request may receive; cases such as 405, 413 and 415 are answered with 400 or have the shape of an
/// error.
const DOCUMENTED: [u16; 12] = [200, 201, 400, 401, 403, 404, 405, 409, 429, 503, 504, 431];

#[tokio::test]
async fn thousands_of_bad_requests_harm_nobody() {
    let server = Server::start_with(&["--browser-warm-pages", "1", "--max-sessions", "4"]).await;
    let ann = server.user_with("ann", &["--max-sessions", "3"]).await;
    let id = ann.create(&json!({"maxTtlSeconds": 900})).await;
    let requests = if long() { REQUESTS.1 } else { REQUESTS.0 };
    let sent = futures::stream::iter(0..requests).map(|seed| send(&server, &ann, &id, seed));
    let judged: Vec<Result<u16, String>> = sent.buffer_unordered(6).collect().await;
    let (answered, wrong): (Vec<_>, Vec<_>) = judged.into_iter().partition(Result::is_ok);
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
    let answered: Vec<u16> = answered.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {requests}\n{}", wrong.len(), wrong.join("\n"));
    for status in [200, 400, 401, 404, 405] {
        assert!(answered.contains(&status), "no request was answered {status}");
    }
    let session = ann.session(&id).await.expect(200);
    assert_eq!(session["session"]["status"], "active", "{}", session.body);
    ann.done(&id, "title", json!({})).await;
    ann.delete("/v1/sessions").await.expect(200);
    server.stop().await;
}

/// Sends one request over a connection of its own. Returns the status of its answer, or what is wrong with it.
async fn send(server: &Server, ann: &Client, id: &str, seed: u64) -> Result<u16, String> {
    let mut dice = Dice::new(seed);
    let (head, body) = request(&mut dice, id, ann.token());
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let answer = async {
        let _ = stream.write_all(head.as_bytes()).await; // the server may have answered and closed already
        let _ = stream.write_all(&body).await; // the server may have answered and closed already
        if dice.throw(2_000) > 0 {
            let _ = stream.shutdown().await; // the server may have answered and closed already
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await; // a reset after the answer is permitted
        answer
    };
    let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
    let about = || {
        format!(
            "{seed}: {} {}",
            head.escape_debug(),
            String::from_utf8_lossy(&body).chars().take(300).collect::<String>()
        )
    };
    let Ok(answer) = answer else { return Err(format!("no answer to {}", about())) };
    judge(&answer).map_err(|why| format!("{why} to {}", about()))
}

/// The status; 0 where the request was not HTTP at all, so that the connection may close with or without an answer.
fn judge(answer: &[u8]) -> Result<u16, String> {
    let text = String::from_utf8_lossy(answer).into_owned();
    let text = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&text);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(0) };
    let status: u16 = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    if !DOCUMENTED.contains(&status) {
        return Err(format!("{status} {body}"));
    }
    if body.is_empty() {
        return Ok(status); // an answer to HEAD, or to a request that could not be parsed as HTTP
    }
    let body: Value = serde_json::from_str(body).map_err(|error| format!("{status} {body}: {error}"))?;
    let whole =
        body["success"] == (status < 400) && (status < 400 || (body["error"].is_string() && body["code"].is_string()));
    if whole { Ok(status) } else { Err(format!("{status} {body}")) }
}

fn request(dice: &mut Dice, id: &str, token: &str) -> (String, Vec<u8>) {
    let method =
        dice.one(&["POST", "POST", "POST", "POST", "GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "BREW"]);
    let other = "sess_00000000-0000-4000-8000-000000000000";
    let paths = [
        format!("/v1/sessions/{id}/actions"),
        format!("/v1/sessions/{id}/actions"),
        format!("/v1/sessions/{id}/actions?x={}", dice.throw(9)),
        format!("/v1/sessions/{other}/actions"),
        "/v1/sessions/sess_nonsense/actions".to_owned(),
        "/v1/sessions/%2e%2e/%00/actions".to_owned(),
        format!("/v1/sessions/{}", "x".repeat(dice.throw(4000))),
        format!("/v1/sessions/{id}/renew"),
        "/v1/nothing".to_owned(),
        "//v1//sessions".to_owned(),
        "/screenshot/devices".to_owned(),
    ];
    let path = dice.one(&paths);
    // A valid DELETE would close the session of this test.
    let method = if method == "DELETE" && path.contains(id) { "GET" } else { method };
    let body = body(dice);
    let length = match dice.throw(12) {
        0 => format!("Content-Length: {}\r\n", body.len() + 7),
        1 => "Content-Length: -1\r\n".to_owned(),
        2 => "Transfer-Encoding: chunked\r\n".to_owned(),
        3 => String::new(),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    let authorization = match dice.throw(8) {
        0 => String::new(),
        1 => format!("Authorization: Bearer {}\r\n", dice.one(&["", "x", "Ym9ndXM=", "\u{e9}", "Ym9iOnNlY3JldA=="])),
        _ => format!("Authorization: Bearer {token}\r\n"),
    };
    let kind = dice.one(&[
        "application/json",
        "application/json",
        "application/json",
        "text/plain",
        "application/json; charset=utf-16",
        "",
    ]);
    let more = dice.one(&[
        "",
        "",
        "Idempotency-Key: a\r\n",
        "Idempotency-Key: \u{fc}\r\n",
        "Content-Encoding: gzip\r\n",
        "Accept: image/png\r\n",
        "X-Request-Id: \"<script>\"\r\n",
        "Expect: 100-continue\r\n",
        "Host: elsewhere\r\n",
    ]);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{authorization}Content-Type: {kind}\r\n{length}{more}\r\n"
    );
    (head, body)
}

/// An action with something wrong in it, or a body that is not an action.
fn body(dice: &mut Dice) -> Vec<u8> {
    let kind = ActionType::ALL[dice.throw(27)].0;
    let mut payload = serde_json::Map::new();
    for field in kind.own_fields().iter().chain(&kind.common_fields()) {
        if dice.throw(3) == 0 {
            payload.insert(field.name.to_owned(), value(dice, 0));
        }
    }
    // Only short timeouts, because a request that is accepted is also carried out.
    payload.insert(
        "timeoutMs".to_owned(),
        dice.one(&[json!(1), json!(5), json!(0), json!(-1), json!("1"), json!(1e99), json!(null)]),
    );
    let whole = json!({"type": kind, "payload": payload});
    let text = whole.to_string();
    match dice.throw(10) {
        0 => Vec::new(),
        1 => text.as_bytes()[..dice.throw(text.len())].to_vec(),
        2 => [text.as_bytes(), b"\0{}"].concat(),
        3 => value(dice, 0).to_string().into_bytes(),
        4 => text.replace("type", "typ\u{435}").into_bytes(),
        5 => text.replacen('"', "\"\u{0}", 1).into_bytes(),
        6 => {
            let mut bytes = text.into_bytes();
            let at = dice.throw(bytes.len());
            bytes[at] = u8::try_from(dice.throw(256)).unwrap();
            bytes
        }
        7 => format!("{}{text}{}", "[".repeat(dice.throw(3000)), "]".repeat(dice.throw(3000))).into_bytes(),
        _ => text.into_bytes(),
    }
}

/// A random JSON value.
fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.throw(if depth < 3 { 16 } else { 13 }) {
        0 => json!(null),
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(1e308),
        5 => json!(u64::MAX),
        6 => json!(""),
        7 => json!("\u{0}\u{202e}\u{1f469}\u{200d}\u{1f4bb}"),
        8 => json!("x".repeat(dice.throw(20_000))),
        9 => json!("#a"),
        10 => json!("xpath=//*["),
        11 => json!("@e1"),
        12 => json!(0.1),
        13 => json!([value(dice, depth + 1), value(dice, depth + 1)]),
        14 => json!({"x": value(dice, depth + 1), "y": value(dice, depth + 1)}),
        _ => json!({"width": value(dice, depth + 1), "height": value(dice, depth + 1)}),
    }
}

#[tokio::test]
async fn slow_and_half_closed_connections_are_given_up() {
    let server = Server::start().await;
    let ann = server.user("ann").await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n").await.unwrap();
        slow.push(stream);
    }
    // Other requests are served in the meantime.
    let id = ann.create(&json!({})).await;
    ann.done(&id, "title", json!({})).await;
    for mut stream in slow {
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "a half-closed connection is closed");
    }
    server.stop().await;
}
