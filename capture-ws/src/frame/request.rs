//! The envelope of a client's frame. `params` is left unparsed, because its fields depend on the method.

use serde_json::{Map, Value};

/// Largest id: every JSON reader represents integers up to this one exactly.
const MAX_ID: u64 = (1 << 53) - 1;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The client's id for the request, unique among those in flight.
    pub id: u64,
    /// The requested method.
    pub method: String,
    /// The session it is about, as the client wrote it.
    pub session: Option<String>,
    /// The client's idempotency key of an action or a create.
    pub key: Option<String>,
    /// The parameters of the method.
    pub params: Map<String, Value>,
}

/// The frame is not a request. Without a valid id it cannot be answered, so the channel closes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a request: {0}")]
pub struct BadRequest(&'static str);

impl Request {
    /// Reads the envelope; unknown keys are ignored.
    ///
    /// # Errors
    /// Names the key that is missing or has the wrong type.
    pub fn read(frame: Value) -> Result<Self, BadRequest> {
        let Value::Object(mut frame) = frame else { return Err(BadRequest("a frame is an object")) };
        let id = frame.get("id").and_then(Value::as_u64).filter(|id| *id <= MAX_ID);
        let id = id.ok_or(BadRequest("id must be an integer from 0 to 2^53-1"))?;
        let mut text = |name: &str, wrong| match frame.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(BadRequest(wrong)),
        };
        let method = text("method", "method must be text")?.ok_or(BadRequest("method is missing"))?;
        let session = text("sessionId", "sessionId must be text")?;
        let key = text("key", "key must be text")?;
        let params = match frame.remove("params") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(BadRequest("params must be an object")),
        };
        Ok(Self { id, method, session, key, params })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_envelope_is_read_and_the_unknown_ignored() {
        let frame = json!({"id": 7, "method": "session.get", "sessionId": "s", "key": null, "later": [1]});
        let request = Request::read(frame).unwrap();
        assert_eq!((request.id, &*request.method, request.session.as_deref()), (7, "session.get", Some("s")));
        assert!(request.key.is_none() && request.params.is_empty());
    }

    #[test]
    fn what_nobody_could_answer_is_bad() {
        for frame in [
            json!([]),
            json!(null),
            json!({}),
            json!({"id": 1}),
            json!({"method": "connection.ping"}),
            json!({"id": -1, "method": "connection.ping"}),
            json!({"id": 1.5, "method": "connection.ping"}),
            json!({"id": "1", "method": "connection.ping"}),
            json!({"id": 1_u64 << 53, "method": "connection.ping"}),
            json!({"id": 1, "method": 2}),
            json!({"id": 1, "method": "connection.ping", "params": []}),
            json!({"id": 1, "method": "connection.ping", "sessionId": 5}),
            json!({"id": 1, "method": "connection.ping", "key": 5}),
        ] {
            assert!(Request::read(frame.clone()).is_err(), "{frame}");
        }
    }
}
