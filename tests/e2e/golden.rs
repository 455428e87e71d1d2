//! The golden files of `wire/actions`: a request of each type, and the reply of the real server.
//!
//! `GOLDEN=write` writes the replies again; the pages in `docs/actions` show them as examples.

use std::path::{Path, PathBuf};

use capture_core::action::ActionType;
use capture_tests::{Client, Server, Site};
use serde_json::{Value, json};

/// The origin that replaces that of the site in the files.
const ORIGIN: &str = "https://shop.example";

/// The path of a type's file.
pub(crate) fn path(kind: ActionType) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wire/actions").join(format!("{kind}.json"))
}

pub(crate) fn read(kind: ActionType) -> Value {
    serde_json::from_slice(&std::fs::read(path(kind)).unwrap()).unwrap()
}

/// Whether golden files are written instead of compared.
pub(crate) fn writes() -> bool {
    std::env::var_os("GOLDEN").is_some_and(|how| how == "write")
}

#[tokio::test]
async fn requests_and_replies_are_the_golden_ones() {
    let (server, site) = (Server::start().await, Site::start().await);
    let ann = server.user("ann").await;
    let origin = site.url("");
    let mut different = Vec::new();
    for (kind, _) in ActionType::ALL {
        let mut golden = read(kind);
        let was = golden.clone();
        let id = ann.create(&json!({})).await;
        let before = golden["before"].as_array().unwrap().clone();
        for step in &before {
            post(&ann, &id, step, &origin).await.expect(200);
        }
        let request = golden["request"].clone();
        golden["reply"] = fixed(&post(&ann, &id, &request, &origin).await.expect(200).body, &origin);
        if let Some(request) = golden["refused"].get("request").cloned() {
            let refused = post(&ann, &id, &request, &origin).await;
            assert!(refused.status >= 400, "{kind}: {}", refused.body);
            golden["refused"]["status"] = refused.status.into();
            golden["refused"]["reply"] = fixed(&refused.body, &origin);
        }
        ann.close(&id).await;
        if golden != was && writes() {
            std::fs::write(path(kind), serde_json::to_string_pretty(&golden).unwrap() + "\n").unwrap();
        } else if golden != was {
            different.push(format!("{kind}: {golden}"));
        }
    }
    assert!(different.is_empty(), "write them with GOLDEN=write and look at the difference\n{}", different.join("\n"));
    server.stop().await;
}

async fn post(ann: &Client, id: &str, request: &Value, origin: &str) -> capture_tests::Reply {
    let request: Value = serde_json::from_str(&request.to_string().replace(ORIGIN, origin)).unwrap();
    let payload = request.get("payload").cloned().unwrap_or_else(|| json!({}));
    ann.act(id, request["type"].as_str().unwrap(), payload).await
}

/// A reply in which values that differ between runs are replaced.
fn fixed(reply: &Value, origin: &str) -> Value {
    let mut reply = serde_json::from_str(&reply.to_string().replace(origin, ORIGIN)).unwrap();
    fix(&mut reply);
    reply
}

fn fix(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(fix),
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "actionId" => *value = json!("a_5f0c6a4e9d1b4f6c8a3e2d7b9c1f0a68"),
                    "requestId" => *value = json!("a90ce29551324d42a5009697ea357799"),
                    "durationMs" => *value = json!(3),
                    "waitedMs" => *value = json!(20),
                    "expiresInSeconds" => *value = json!(297),
                    "timestamp" => *value = json!("2026-11-24T01:40:57.975Z"),
                    "session" => *value = json!({"id": "sess_567d78d2-d16f-434d-91f8-377a07161783", "…": "…"}),
                    "bodyBase64" => *value = json!("iVBORw0KGgo…"),
                    _ => fix(value),
                }
            }
        }
        _ => {}
    }
}
