//! Any text as a selector, in every field that takes one: accepted within its bounds, or refused by its field's name.
#![no_main]

use capture_core::{ErrorCode, action};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const FIELDS: [(&str, &str); 6] = [
    ("click", "selector"),
    ("query", "selector"),
    ("snapshot", "selector"),
    ("screenshot", "selector"),
    ("press", "key"),
    ("goto", "url"),
];

fuzz_target!(|text: &str| {
    for (kind, field) in FIELDS {
        let mut payload = json!({field: text});
        if kind == "press" {
            payload["selector"] = json!(text);
        }
        match action::parse(&json!({"type": kind, "payload": payload})) {
            Ok(action) => assert_eq!(action.action_type().as_str(), kind),
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::InvalidRequest);
                assert!(error.message().contains("payload."), "{error}");
                assert!(error.message().len() < 1_000, "short enough for a person: {}", error.message().len());
            }
        }
    }
});
