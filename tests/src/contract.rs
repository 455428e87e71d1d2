//! The REST contract as schemas, and the check of every reply against them.
//!
//! The schemas are written from the prose of the contract and not from the server's types, so that a change of a type
//! is noticed.

use std::sync::LazyLock;

use capture_core::action::ActionType;
use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::reply::Reply;

/// The statuses that the four public calls and the calls beside them may answer with.
const ALLOWED: [u16; 11] = [200, 201, 400, 401, 403, 404, 409, 429, 500, 503, 504];

static DEFINITIONS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../schemas/contract.json")).expect("valid JSON"));

/// A validator for one definition of the schema file.
fn validator(name: &str) -> Validator {
    let schema = json!({"$ref": format!("#/$defs/{name}"), "$defs": DEFINITIONS["$defs"]});
    jsonschema::validator_for(&schema).expect("a valid schema")
}

/// Fails unless the reply conforms to the contract.
pub fn check(method: &Method, path: &str, reply: &Reply) {
    let Some(name) = definition(method, path, reply) else { return };
    let errors: Vec<String> =
        validator(name).iter_errors(&reply.body).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{method} {path} → {} is not a {name}: {errors:?}\n{}", reply.status, reply.body);
}

/// Fails unless the reply of an action has exactly the fields that its types declare.
pub fn check_fields(kind: ActionType, reply: &Value) {
    const COMMON: [&str; 6] = ["success", "actionId", "durationMs", "expiresInSeconds", "replayed", "screenshot"];
    let (own, effects) = (kind.own_reply_schema(), kind.effects_schema());
    for schema in [&own, &effects] {
        let validator = jsonschema::validator_for(schema).expect("a valid schema");
        let errors: Vec<String> = validator.iter_errors(reply).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{kind} brought {reply}: {errors:?}");
    }
    for name in reply.as_object().into_iter().flatten().map(|(name, _)| name) {
        let known = |schema: &Value| schema["properties"].get(name).is_some();
        assert!(COMMON.contains(&name.as_str()) || known(&own) || known(&effects), "{kind} brought {name}: {reply}");
    }
}

/// The definition that a reply must match; `None` where the contract defines nothing.
fn definition(method: &Method, path: &str, reply: &Reply) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let mut parts = path.trim_matches('/').split('/');
    if parts.next() != Some("v1") || parts.next() != Some("sessions") {
        return None;
    }
    let place = (parts.next().is_some(), parts.next());
    let public = matches!(
        (method.as_str(), place),
        ("POST", (false, None) | (true, Some("actions"))) | ("GET" | "DELETE", (true, None))
    );
    assert!(!public || ALLOWED.contains(&reply.status), "{method} {path} answered {}: {}", reply.status, reply.body);
    if reply.status >= 400 {
        let type_of = reply.headers.get("content-type").map(|value| value.to_str().unwrap_or_default());
        assert_eq!(type_of, Some("application/json"), "errors are JSON");
        return (method != Method::HEAD).then_some(match reply.status {
            409 => "inactive",
            429 => "limit",
            _ => "error",
        });
    }
    match (method.as_str(), place) {
        ("POST", (false, None)) => Some("created"),
        ("GET", (false, None)) => Some("sessions"),
        ("GET", (true, None)) => Some("session_reply"),
        ("DELETE", (true, None)) => Some("final_reply"),
        ("POST", (true, Some("renew"))) => Some("session_reply"),
        ("POST", (true, Some("actions"))) if !reply.body.is_null() => Some("acted"),
        _ => None,
    }
}
