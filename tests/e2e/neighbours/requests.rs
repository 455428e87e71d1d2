//! Clients of the REST API that request too much, send too little, or do not read.

use std::time::Duration;

use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use serde_json::json;

use super::{
    attack::{Attack, program},
    attacker::Attacker,
};

/// More connections than the server accepts.
const CONNECTIONS: usize = 1_100;
/// Requests one after another on each connection.
const PIPELINED: usize = 60;
/// Concurrent callers.
const CALLERS: usize = 32;

pub(super) const ATTACKS: &[Attack] = &[
    program("pipelined requests, answers not read", |a| pipelined(a, "/asyncapi.json").boxed()),
    program("lists asked for on every connection there is", |a| pipelined(a, "/v1/sessions").boxed()),
    program("answers of sixty megabytes, not read", |a| unread(a).boxed()),
    program("heads that never end", |a| many(a, |a| slow_head(a).boxed())),
    program("connections that say nothing", |a| many(a, |a| a.send_and_hold(b"").boxed())),
    program("bodies that never come", |a| many(a, |a| half_body(a).boxed())),
    program("bodies of a megabyte, as deep as they are long", |a| deep(a).boxed()),
    program("bodies of a megabyte of keys", |a| wide(a).boxed()),
    program("wrong tokens", |a| wrong_tokens(a).boxed()),
    program("the description of the channel, again and again", |a| asyncapi(a).boxed()),
    program("creates with keys", |a| creates_with_keys(a).boxed()),
    program("creates that credits do not cover", |a| creates_without_credits(a).boxed()),
    program("sessions opened and closed", |a| churn(a).boxed()),
    program("browsers of their own, opened and closed", |a| churn_of_browsers(a).boxed()),
    program("actions on one session from everywhere", |a| crowd(a).boxed()),
    program("batches of pictures in five sessions", |a| batches(a).boxed()),
    program("tickets", |a| tickets(a).boxed()),
    program("renewals", |a| renewals(a).boxed()),
    program("sessions that do not exist", |a| strangers(a).boxed()),
    program("answers cut off", |a| cut_off(a).boxed()),
];

/// Runs as many connections as there are places, each of which repeats `each`.
fn many<'a>(
    attacker: &'a Attacker<'a>,
    each: impl Fn(&'a Attacker<'a>) -> BoxFuture<'a, ()> + Send + Sync + Copy + 'a,
) -> BoxFuture<'a, ()> {
    let again = move |_| async move {
        loop {
            each(attacker).await;
            tokio::time::sleep(Duration::from_millis(100)).await; // the connection may have been refused at once
        }
    };
    join_all((0..CONNECTIONS).map(again)).map(drop).boxed()
}

/// Runs this many callers concurrently, each of which repeats `each`.
async fn crowd_of<F: Future<Output = ()>>(callers: usize, each: impl Fn(usize) -> F) {
    let again = async |number| {
        for round in 0.. {
            each(number + round * callers).await;
        }
    };
    join_all((0..callers).map(again)).await;
}

async fn pipelined(attacker: &Attacker<'_>, path: &str) {
    let requests = format!("{}\r\n", attacker.head("GET", path)).repeat(PIPELINED);
    join_all((0..CONNECTIONS).map(|_| attacker.send_and_hold(requests.as_bytes()))).await;
}

async fn unread(attacker: &Attacker<'_>) {
    let Some(id) = attacker.open("unread", "document.body.innerHTML = '<p>' + 'x'.repeat(6e7)").await else { return };
    let body = r#"{"type": "content", "payload": {"format": "html"}}"#;
    let request = attacker.request("POST", &format!("/v1/sessions/{id}/actions"), body);
    join_all((0..8).map(|_| attacker.send_and_hold(request.as_bytes()))).await;
}

async fn slow_head(attacker: &Attacker<'_>) {
    let head = attacker.head("GET", "/v1/sessions") + &"X-More: and more\r\n".repeat(1000);
    attacker.drip(head.as_bytes(), Duration::from_millis(500)).await;
}

async fn half_body(attacker: &Attacker<'_>) {
    let head = attacker.head("POST", "/v1/sessions");
    let half = head + "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{";
    attacker.send_and_hold(half.as_bytes()).await;
}

async fn deep(attacker: &Attacker<'_>) {
    let request = attacker.request("POST", "/v1/sessions", &"[".repeat(1_000_000)).repeat(4);
    crowd_of(CALLERS, |_| attacker.exchange(request.as_bytes())).await;
}

async fn wide(attacker: &Attacker<'_>) {
    let Some(id) = attacker.create().await else { return };
    let keys: Vec<_> = (0..60_000).map(|number| format!("\"k{number}\":1")).collect();
    let body = format!("{{\"type\":\"title\",\"payload\":{{{}}}}}", keys.join(","));
    let request = attacker.request("POST", &format!("/v1/sessions/{id}/actions"), &body).repeat(4);
    crowd_of(CALLERS, |_| attacker.exchange(request.as_bytes())).await;
}

async fn wrong_tokens(attacker: &Attacker<'_>) {
    let address = attacker.stage.address();
    let request =
        format!("GET /v1/sessions HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer AAAA\r\n\r\n").repeat(20);
    crowd_of(4 * CALLERS, |_| attacker.exchange(request.as_bytes())).await;
}

async fn asyncapi(attacker: &Attacker<'_>) {
    crowd_of(CALLERS, async |_| drop(attacker.caller.get("/asyncapi.json").await)).await;
}

async fn creates_with_keys(attacker: &Attacker<'_>) {
    crowd_of(CALLERS, async |number| {
        let key = format!("key-{number}");
        let created = attacker.caller.post("/v1/sessions", Some(&key), &json!({"maxTtlSeconds": 60})).await;
        let id = created.ok().and_then(|reply| reply.body["session"]["id"].as_str().map(str::to_owned));
        if let Some(id) = id {
            attacker.remember(&id);
            // All sessions are closed in the end anyway.
            let _ = attacker.caller.delete(&format!("/v1/sessions/{id}")).await;
        }
    })
    .await;
}

async fn creates_without_credits(attacker: &Attacker<'_>) {
    let poor = attacker.another("poor", 0).await;
    crowd_of(CALLERS, async |number| {
        let key = format!("key-{number}");
        let _ = poor.post("/v1/sessions", Some(&key), &json!({"maxTtlSeconds": 900})).await; // this is refused
    })
    .await;
}

async fn churn(attacker: &Attacker<'_>) {
    crowd_of(5, async |_| {
        if let Some(id) = attacker.create().await {
            attacker.act(&id, "title", json!({})).await;
            // All sessions are closed in the end anyway.
            let _ = attacker.caller.delete(&format!("/v1/sessions/{id}")).await;
        }
    })
    .await;
}

async fn churn_of_browsers(attacker: &Attacker<'_>) {
    crowd_of(5, async |_| {
        if let Some(id) = attacker.create_with(&json!({"cdp": true, "maxTtlSeconds": 60})).await {
            // All sessions are closed in the end anyway.
            let _ = attacker.caller.delete(&format!("/v1/sessions/{id}")).await;
        }
    })
    .await;
}

async fn crowd(attacker: &Attacker<'_>) {
    let Some(id) = attacker.create().await else { return };
    crowd_of(4 * CALLERS, |number| {
        let kind = ["title", "snapshot", "content", "url", "console"][number % 5];
        attacker.act(&id, kind, json!({}))
    })
    .await;
}

async fn batches(attacker: &Attacker<'_>) {
    let painted = "paintNoise(2000, 2000)";
    let ids: Vec<_> = join_all((0..5).map(|_| attacker.open("batches", painted))).await.into_iter().flatten().collect();
    if ids.is_empty() {
        return;
    }
    let steps: Vec<_> = (0..25).map(|_| json!({"type": "screenshot", "payload": {"fullPage": true}})).collect();
    crowd_of(ids.len(), |number| attacker.act(&ids[number % ids.len()], "batch", json!({"actions": steps}))).await;
}

async fn tickets(attacker: &Attacker<'_>) {
    crowd_of(CALLERS, async |_| drop(attacker.caller.post("/v1/stream/tickets", None, &json!({})).await)).await;
}

async fn renewals(attacker: &Attacker<'_>) {
    let Some(id) = attacker.create().await else { return };
    let path = format!("/v1/sessions/{id}/renew");
    crowd_of(CALLERS, async |number| {
        let ttl = 30 + number % 100;
        // One renewal at a time succeeds, and others are refused.
        let _ = attacker.caller.post(&path, None, &json!({"maxTtlSeconds": ttl})).await;
    })
    .await;
}

async fn strangers(attacker: &Attacker<'_>) {
    crowd_of(CALLERS, async |number| {
        let id = format!("sess_00000000-0000-4000-8000-{number:012}");
        let _ = attacker.caller.act(&id, "title", json!({})).await; // answered with 404
    })
    .await;
}

/// Begins long answers and disconnects.
async fn cut_off(attacker: &Attacker<'_>) {
    let Some(id) = attacker.open("cut-off", "document.body.innerHTML = '<p>' + 'x'.repeat(3e7)").await else { return };
    crowd_of(8, async |_| {
        let act = attacker.act(&id, "content", json!({"format": "html"}));
        let _ = tokio::time::timeout(Duration::from_millis(150), act).await; // dropping the request disconnects
    })
    .await;
}
