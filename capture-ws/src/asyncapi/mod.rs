//! The channel as an `AsyncAPI` 3 document, generated from the types that are serialised on the wire.
//!
//! Owns the layout of the document. Knows nothing of connections or of how the document is served.

mod params;

use capture_core::{
    action::{ActionType, schema, taken_schema},
    event::{
        ActionFinished, ActionStarted, ActionStep, PageCrashed, PageDialog, PageDownload, PageNavigated, PageNewTab,
        SessionClosed, SessionRenewed,
    },
};
use serde_json::{Map, Value, json};

use self::params::{
    CancelParams, CreateParams, CreditParams, HelloParams, RenewParams, SubscribeParams, ViewStartParams,
};
use crate::{
    codec::Codec,
    frame::{
        Cancelled, Countdown, Empty, ErrorFields, Hello, LineParams, Pong, SessionResult, SessionsResult, ViewText,
    },
};

/// The whole `AsyncAPI` 3 document as JSON.
pub fn document() -> Value {
    let messages = messages();
    let refs = |wanted: &dyn Fn(&str) -> bool| -> Map<String, Value> {
        let named = messages.keys().filter(|name| wanted(name));
        named.map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")}))).collect()
    };
    let protocols: Vec<&str> = Codec::ALL.iter().map(|codec| codec.subprotocol()).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Capture channel",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One WebSocket connection that drives and watches any number of browser sessions. Shown as JSON; \
                            in MessagePack the same maps, with bytes as `bin` under names without `Base64`.",
        },
        "defaultContentType": "application/json",
        "channels": {"stream": {
            "address": "/v1/stream",
            "description": format!("Subprotocols: {}.", protocols.join(", ")),
            "messages": refs(&|_| true),
            "bindings": {"ws": {"method": "GET"}},
        }},
        "operations": operations(&messages),
        "components": {"messages": messages, "schemas": schemas()},
    })
}

/// Every request with its answers, and the events.
fn operations(messages: &Map<String, Value>) -> Map<String, Value> {
    let channel = json!({"$ref": "#/channels/stream"});
    let message = |name: &str| json!({"$ref": format!("#/channels/stream/messages/{name}")});
    let mut operations = Map::new();
    for name in messages.keys() {
        if let Some(method) = name.strip_prefix("request.") {
            let answers = [message(&format!("success.{method}")), message("error")];
            operations.insert(
                method.to_owned(),
                json!({"action": "receive", "channel": channel, "messages": [message(name)],
                    "reply": {"channel": channel, "messages": answers}}),
            );
        } else if name.starts_with("event.") {
            operations.insert(name.clone(), json!({"action": "send", "channel": channel, "messages": [message(name)]}));
        }
    }
    operations
}

fn messages() -> Map<String, Value> {
    let mut messages = Map::new();
    let mut add = |name: String, payload: Value| {
        let correlation = json!({"location": "$message.payload#/id"});
        messages.insert(name.clone(), json!({"name": name, "payload": payload, "correlationId": correlation}));
    };
    for Method { name, session, key, params, result } in methods() {
        add(format!("request.{name}"), request(name, session, key, &params));
        add(format!("success.{name}"), success(&result));
    }
    add("error".to_owned(), error());
    for (method, logged, params) in events() {
        add(format!("event.{method}"), event(method, logged, &params));
    }
    messages
}

struct Method {
    name: &'static str,
    session: bool,
    key: Key,
    params: Value,
    result: Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    None,
    May,
    Must,
}

fn methods() -> Vec<Method> {
    let method = |name, session, key, params, result| Method { name, session, key, params, result };
    let nothing = || json!({"type": "object"});
    let act = json!({"type": "object", "required": ["type"], "properties": {
        "type": {"enum": ActionType::ALL.map(|(kind, _)| kind)}, "payload": {"type": ["object", "null"], "description": "payload.<type> of the schemas"}}});
    let acted = json!({"type": "object", "required": ["success", "expiresInSeconds"], "properties": {
        "success": {"const": true}, "actionId": {"type": "string"}, "durationMs": {"type": "integer"},
        "expiresInSeconds": {"type": "integer", "minimum": 0}}});
    vec![
        method("connection.hello", false, Key::None, taken_schema::<HelloParams>(), schema::<Hello>()),
        method("connection.ping", false, Key::None, nothing(), schema::<Pong>()),
        method("session.create", false, Key::May, taken_schema::<CreateParams>(), schema::<SessionResult>()),
        method("session.get", true, Key::None, nothing(), schema::<SessionResult>()),
        method("session.list", false, Key::None, nothing(), schema::<SessionsResult>()),
        method("session.close", true, Key::None, nothing(), schema::<SessionResult>()),
        method("session.renew", true, Key::None, taken_schema::<RenewParams>(), schema::<SessionResult>()),
        method("session.act", true, Key::Must, act, acted),
        method("session.cancel", true, Key::None, taken_schema::<CancelParams>(), schema::<Cancelled>()),
        method("session.subscribe", true, Key::None, taken_schema::<SubscribeParams>(), subscribed()),
        method("session.unsubscribe", true, Key::None, nothing(), schema::<Empty>()),
        method("view.start", true, Key::None, taken_schema::<ViewStartParams>(), schema::<Empty>()),
        method("view.credit", true, Key::None, taken_schema::<CreditParams>(), schema::<Empty>()),
        method("view.stop", true, Key::None, nothing(), schema::<Empty>()),
    ]
}

fn events() -> Vec<(&'static str, bool, Value)> {
    vec![
        ("action.started", true, schema::<ActionStarted>()),
        ("action.step", true, schema::<ActionStep>()),
        ("action.finished", true, schema::<ActionFinished>()),
        ("page.navigated", true, schema::<PageNavigated>()),
        ("page.dialog", true, schema::<PageDialog>()),
        ("page.newTab", true, schema::<PageNewTab>()),
        ("page.download", true, schema::<PageDownload>()),
        ("page.crashed", true, schema::<PageCrashed>()),
        ("session.renewed", true, schema::<SessionRenewed>()),
        ("session.closed", true, schema::<SessionClosed>()),
        ("session.countdown", false, schema::<Countdown>()),
        ("page.console", false, schema::<LineParams<'static>>()),
        ("page.error", false, schema::<LineParams<'static>>()),
        ("view.frame", false, schema::<ViewText>()),
    ]
}

const SESSION: &str = "^sess_[0-9a-f-]{36}$";

fn request(name: &str, session: bool, key: Key, params: &Value) -> Value {
    let mut required = vec!["id", "method"];
    let mut properties = json!({"id": {"type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64},
        "method": {"const": name}, "params": params});
    if let Some(properties) = properties.as_object_mut() {
        if session {
            required.push("sessionId");
            properties.insert("sessionId".to_owned(), json!({"type": "string", "pattern": SESSION}));
        }
        if key != Key::None {
            properties.insert("key".to_owned(), json!({"type": "string", "minLength": 1, "maxLength": 64}));
        }
        if key == Key::Must {
            required.push("key");
        }
    }
    json!({"type": "object", "required": required, "properties": properties})
}

fn success(result: &Value) -> Value {
    json!({"type": "object", "required": ["type", "id", "result"], "additionalProperties": false, "properties": {
        "type": {"const": "success"}, "id": {"type": "integer"}, "sessionId": {"type": "string", "pattern": SESSION},
        "seq": {"type": "integer", "minimum": 1}, "result": result}})
}

fn error() -> Value {
    json!({"type": "object", "required": ["type", "id", "error"], "additionalProperties": false, "properties": {
        "type": {"const": "error"}, "id": {"type": "integer"}, "sessionId": {"type": "string", "pattern": SESSION},
        "seq": {"type": "integer", "minimum": 1}, "error": schema::<ErrorFields>()}})
}

fn event(method: &str, logged: bool, params: &Value) -> Value {
    let mut required = vec!["type", "method", "sessionId", "params"];
    let mut properties = json!({"type": {"const": "event"}, "method": {"const": method},
        "sessionId": {"type": "string", "pattern": SESSION}, "params": params});
    if let (true, Some(properties)) = (logged, properties.as_object_mut()) {
        required.extend(["epoch", "seq"]);
        properties.insert("epoch".to_owned(), json!({"type": "string"}));
        properties.insert("seq".to_owned(), json!({"type": "integer", "minimum": 1}));
    }
    json!({"type": "object", "required": required, "additionalProperties": false, "properties": properties})
}

fn subscribed() -> Value {
    let snapshot = schema::<crate::frame::Snapshot<'static>>();
    let logged: Vec<Value> =
        events().iter().filter(|event| event.1).map(|(name, logged, params)| event(name, *logged, params)).collect();
    json!({"type": "object", "required": ["recovered", "epoch", "seq", "snapshot", "events"], "properties": {
        "recovered": {"type": "boolean"}, "epoch": {"type": "string"}, "seq": {"type": "integer", "minimum": 0},
        "snapshot": snapshot, "events": {"type": "array", "items": {"anyOf": logged}}}})
}

/// The schemas of action payloads and action replies, by action type.
fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for (kind, _) in ActionType::ALL {
        let mut payload = kind.payload_schema();
        if let Some(payload) = payload.as_object_mut() {
            let own: Vec<&str> = kind.own_fields().iter().map(|field| field.name).collect();
            payload.insert("x-fields".to_owned(), json!(own));
        }
        schemas.insert(format!("payload.{kind}"), payload);
        schemas.insert(format!("reply.{kind}"), json!({"allOf": [kind.own_reply_schema(), kind.effects_schema()]}));
    }
    schemas
}

#[cfg(test)]
mod tests {
    use capture_core::{
        Error, Limits,
        account::{Mode, Scope},
    };

    use super::*;
    use crate::frame::{Command, Request};

    #[test]
    fn every_request_has_its_answers_and_every_action_its_payload() {
        let document = document();
        let operations = document["operations"].as_object().unwrap();
        assert_eq!(operations.values().filter(|operation| operation["action"] == "receive").count(), 14);
        for (name, operation) in operations.iter().filter(|(_, operation)| operation["action"] == "receive") {
            let answer = operation["reply"]["messages"][0]["$ref"].as_str().unwrap();
            assert!(answer.ends_with(&format!("success.{name}")), "{answer}");
        }
        for (kind, _) in ActionType::ALL {
            assert!(document["components"]["schemas"][format!("payload.{kind}")]["x-fields"].is_array(), "{kind}");
        }
        let scope = serde_json::to_value(Scope { session_id: None, mode: Mode::Observe }).unwrap();
        assert_eq!(scope, json!({"mode": "observe"}));
    }

    /// A request with one number, in what is otherwise a valid request.
    fn parse(method: &str, field: &str, number: u64) -> Result<Command, Error> {
        let mut params = if field == "connectTtlSeconds" { json!({"cdp": true}) } else { json!({}) };
        params[field] = number.into();
        let session = "sess_00000000-0000-4000-8000-000000000000";
        let frame = json!({"id": 1, "method": method, "sessionId": session, "params": params});
        Command::parse(&Request::read(frame).unwrap(), &Limits::default())
    }

    #[test]
    fn the_bounds_of_the_document_are_those_that_requests_are_judged_by() {
        let mut compared = 0;
        for Method { name, params, .. } in methods() {
            for (field, schema) in params["properties"].as_object().into_iter().flatten() {
                let Some(least) = schema["minimum"].as_u64().filter(|least| *least > 0) else { continue };
                assert!(parse(name, field, least).is_ok(), "{name} {field}: {least}");
                assert!(parse(name, field, least - 1).is_err(), "{name} {field}: below {least}");
                compared += 1;
                if let Some(most) = schema["maximum"].as_u64() {
                    assert!(parse(name, field, most).is_ok(), "{name} {field}: {most}");
                    assert!(parse(name, field, most + 1).is_err(), "{name} {field}: above {most}");
                    compared += 1;
                }
            }
        }
        assert_eq!(compared, 15, "every bound of every request");
    }
}
