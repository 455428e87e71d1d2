//! Reads a request's body within its limits, and the key that makes the request idempotent.
//!
//! Knows nothing of the fields of particular requests.

use std::{error::Error as StdError, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderName, header},
};
use capture_core::{
    Error,
    session::{Keyed, RequestHash},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::json;

/// Contract: largest body in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// How long sending a body may take; a healthy client is faster.
const DEADLINE: Duration = Duration::from_secs(10);
/// An extension of the contract.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The body and the key of a request.
#[derive(Debug)]
pub(crate) struct Posted {
    /// The parsed body; an absent one is an object without fields.
    json: Value,
    absent: bool,
    /// The `Idempotency-Key` with the hash of the body.
    pub(crate) keyed: Option<Keyed>,
}

impl Posted {
    /// Reads body and key.
    ///
    /// # Errors
    /// `invalid_request` for a body that is too large, too slow, of another type or not JSON, and for a malformed key.
    ///
    /// # Cancel safety
    /// Not cancel safe: the part of the body that was read is lost.
    pub(crate) async fn read(request: Request) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let bytes = read_whole(body).await?;
        let keyed = key(&parts.headers, &bytes)?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { json: Map::new().into(), absent: true, keyed });
        }
        check_type(&parts.headers)?;
        let json = match json::parse(&bytes)? {
            // PHP writes an object without fields as an empty array.
            Value::Array(items) if items.is_empty() => Map::new().into(),
            json => json,
        };
        Ok(Self { json, absent: false, keyed })
    }

    /// The fields of a body that may be absent.
    ///
    /// # Errors
    /// `invalid_request` when the body is not an object.
    pub(crate) fn fields(&self) -> Result<&Map<String, Value>, Error> {
        self.json.as_object().ok_or_else(|| Error::invalid("the body must be a JSON object"))
    }

    /// A body that must be present.
    ///
    /// # Errors
    /// `invalid_request` when it is absent; `expected` describes what it should be.
    pub(crate) fn required(&self, expected: &str) -> Result<&Value, Error> {
        if self.absent { Err(Error::invalid(format!("a JSON body is required: {expected}"))) } else { Ok(&self.json) }
    }
}

/// Reads a body that is not parsed before its signature is checked.
///
/// # Errors
/// `invalid_request` for a body that is too large or too slow.
///
/// # Cancel safety
/// Not cancel safe: the part of the body that was read is lost.
pub(crate) async fn read_signed(body: Body) -> Result<Bytes, Error> {
    read_whole(body).await
}

/// Parses a body whose signature was checked.
///
/// # Errors
/// `invalid_request` for a body of another type or not JSON.
pub(crate) fn parse_signed(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, Error> {
    check_type(headers)?;
    json::parse(bytes)
}

async fn read_whole(body: Body) -> Result<Bytes, Error> {
    // A body that is announced as too large is refused before any of it is read.
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(DEADLINE, Limited::new(body, MAX_BYTES).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(unreadable(error)),
        Err(_elapsed) => Err(Error::invalid(format!("the body did not arrive within {} s", DEADLINE.as_secs()))),
    }
}

fn too_large() -> Error {
    Error::invalid(format!("the body is larger than {MAX_BYTES} bytes")).with_reason("body_too_large")
}

fn unreadable(source: Box<dyn StdError + Send + Sync>) -> Error {
    Error::invalid("the body could not be read to its end").with_source(source)
}

/// A body of another type is refused even if it parses as JSON, because a web page can send `text/plain` to any site
/// without permission.
fn check_type(headers: &HeaderMap) -> Result<(), Error> {
    let encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if encoded {
        return Err(Error::invalid("Content-Encoding is not supported: send the body as it is"));
    }
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match value {
        Some(value) if is_json(value) => Ok(()),
        _ => Err(Error::invalid("Content-Type must be application/json")),
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    kind == "application" && (subtype == "json" || subtype.ends_with("+json"))
}

fn key(headers: &HeaderMap, body: &[u8]) -> Result<Option<Keyed>, Error> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    match text.and_then(|text| text.parse().ok()) {
        Some(key) => Ok(Some(Keyed { key, request: RequestHash::of(body) })),
        None => Err(Error::invalid("Idempotency-Key must be one key of 1 to 64 visible ASCII characters")),
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::*;

    async fn read(content_type: Option<&str>, body: impl Into<Body>) -> Result<Posted, Error> {
        let mut request = Request::new(body.into());
        if let Some(value) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, value.parse().unwrap());
        }
        Posted::read(request).await
    }

    #[tokio::test]
    async fn json_by_any_of_its_names() {
        for name in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.capture+json ; v=1"] {
            assert!(read(Some(name), "{}").await.is_ok(), "{name}");
        }
        for name in
            [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("json"), Some("text/json")]
        {
            let error = read(name, "{}").await.unwrap_err();
            assert_eq!(error.message(), "Content-Type must be application/json", "{name:?}");
        }
    }

    #[tokio::test]
    async fn an_empty_body_needs_no_type_and_may_have_one() {
        for name in [None, Some("application/json"), Some("text/plain")] {
            for body in ["", " \r\n"] {
                let posted = read(name, body).await.unwrap();
                assert!(posted.fields().unwrap().is_empty());
                assert!(posted.required("{…}").unwrap_err().message().contains("{…}"));
            }
        }
    }

    #[tokio::test]
    async fn size_is_bounded_declared_or_not() {
        let exact = format!("\"{}\"", "x".repeat(MAX_BYTES - 2));
        assert!(read(Some("application/json"), exact.clone()).await.is_ok());
        let over = exact + " ";
        let chunks = stream::iter(over.clone().into_bytes()).chunks(1000).map(Ok::<_, std::convert::Infallible>);
        for body in [Body::from(over), Body::from_stream(chunks)] {
            let error = read(Some("application/json"), body).await.unwrap_err();
            assert_eq!(error.reason(), Some("body_too_large"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_is_bounded() {
        let began = tokio::time::Instant::now();
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::convert::Infallible>>());
        let error = read(Some("application/json"), never).await.unwrap_err();
        assert_eq!((error.message(), began.elapsed()), ("the body did not arrive within 10 s", DEADLINE));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        let broken = stream::iter([Ok(Bytes::from("{")), Err(std::io::Error::other("reset"))]);
        let error = read(Some("application/json"), Body::from_stream(broken)).await.unwrap_err();
        assert_eq!(error.message(), "the body could not be read to its end");
    }

    #[test]
    fn keys_are_one_visible_word() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
            }
            key(&headers, b"{}")
        };
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&["k-1"]).unwrap().unwrap().request, RequestHash::of(b"{}"));
        for values in [&[""][..], &["a b"], &["a", "a"], &["ä"], &[&"x".repeat(65)]] {
            assert!(of(values).is_err(), "{values:?}");
        }
    }
}
