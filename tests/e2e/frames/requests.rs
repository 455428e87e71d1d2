//! Golden frames of requests, as a client sends them.

use serde_json::{Value, json};

use super::{Golden, session_id};

/// The largest valid id.
const LAST_ID: u64 = (1 << 53) - 1;

pub(super) fn all() -> Vec<Golden> {
    let hello = json!({"ticket": "wst_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "client": {"name": "demo", "version": "1"}});
    let since = json!({"epoch": "e_5f0c6a4e9d1b4f6c8a3e2d7b9c1f0a68", "seq": 41});
    let subscribe = json!({"events": ["countdown", "console", "errors"], "countdownMs": 5_000, "since": since});
    let view = json!({"maxFps": 15, "quality": 80, "maxWidth": 1_920, "maxHeight": 1_080});
    let act =
        json!({"type": "click", "payload": {"selector": "text=Größe \u{1F600}", "clickCount": 2, "screenshot": true}});
    let action = json!({"actionId": "a_5f0c6a4e9d1b4f6c8a3e2d7b9c1f0a68"});
    let id = session_id().to_string();
    [
        ("connection.hello", json!({"id": 0, "params": hello})),
        ("connection.ping", json!({"id": LAST_ID})),
        ("session.create", json!({"id": 2, "key": "k_create", "params": {"maxTtlSeconds": 300, "proxy": false}})),
        ("session.get", json!({"id": 3, "sessionId": id})),
        ("session.list", json!({"id": 4})),
        ("session.close", json!({"id": 5, "sessionId": id})),
        ("session.renew", json!({"id": 6, "sessionId": id, "params": {"maxTtlSeconds": 900}})),
        ("session.act", json!({"id": 7, "sessionId": id, "key": "k_01J9Z6X5", "params": act})),
        ("session.cancel", json!({"id": 8, "sessionId": id, "params": {"key": "k_01J9Z6X5"}})),
        ("session.cancel-by-id", json!({"id": 9, "sessionId": id, "params": action})),
        ("session.subscribe", json!({"id": 10, "sessionId": id, "params": subscribe})),
        ("session.unsubscribe", json!({"id": 11, "sessionId": id})),
        ("view.start", json!({"id": 12, "sessionId": id, "params": view})),
        ("view.credit", json!({"id": 13, "sessionId": id, "params": {"count": 3}})),
        ("view.stop", json!({"id": 14, "sessionId": id})),
    ]
    .into_iter()
    .map(|(name, frame)| request(name, frame))
    .collect()
}

fn request(name: &str, mut frame: Value) -> Golden {
    frame["method"] = name.split('-').next().unwrap().into();
    Golden::of(&format!("request.{name}"), &frame)
}
