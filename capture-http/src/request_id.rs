//! Gives every request an id, and every reply its common headers.

use std::{fmt, sync::Arc};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Most characters of an id: enough for a UUID or a trace id, and short enough for a log line.
const MAX_CHARS: usize = 64;

/// The id of one request, in its reply and in the log: the client's own, or a generated one.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// The client's id, if it is valid in a log; otherwise a new one.
    fn of(headers: &HeaderMap) -> Self {
        let named = headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|text| is_acceptable(text));
        Self(named.map_or_else(|| Uuid::new_v4().simple().to_string().into(), Into::into))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_acceptable(text: &str) -> bool {
    (1..=MAX_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The outermost layer.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    // The route is logged instead of the path, so that the log names the operation without revealing the session id.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!("request", method = %request.method(), route, request.id = %id);
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(HEADER, value);
    }
    // Results of renders say themselves how long they are good.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_can_stand_in_a_log_are_taken_over() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, text.parse().unwrap());
            RequestId::of(&headers).to_string()
        };
        for text in ["a", "req_0-9", &"x".repeat(64)] {
            assert_eq!(of(text), text);
        }
        for text in ["", "a b", "a\"b", "a/b", "ä", &"x".repeat(65)] {
            let made = of(text);
            assert!(made != text && is_acceptable(&made), "{text:?}: {made}");
        }
    }
}
