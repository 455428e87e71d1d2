//! The shape of a refused request: **the** table from code to status, the body, and the log line.
//!
//! Handlers and layers return a [`Refusal`]; only [`render`] turns it into bytes, so that request id, log line and
//! remaining time are uniform. Nothing else in this crate picks a status for an error.

use std::{error::Error as StdError, fmt::Write, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use capture_core::{Error, ErrorCode};
use serde_json::{Map, Value, json};

use crate::{app::App, request_id::RequestId};

/// The reason of an error about a target that the session's browser does not have.
pub(crate) const NO_SUCH_TARGET: &str = "no_such_target";

/// The status of each code, as the REST contract defines it.
#[warn(clippy::wildcard_enum_match_arm)]
pub(crate) fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidRequest => StatusCode::BAD_REQUEST,
        ErrorCode::ActionFailed => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::SessionNotFound => StatusCode::NOT_FOUND,
        ErrorCode::SessionInactive => StatusCode::CONFLICT,
        ErrorCode::SessionLost => StatusCode::CONFLICT,
        ErrorCode::SessionLimit => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::ActionTimeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A refused request on its way to [`render`].
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    error: Arc<Error>,
    status: StatusCode,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.reason() {
            Some(NO_SUCH_TARGET) => StatusCode::NOT_FOUND, // Chromium's own answer to the id of an unknown target
            _ => status_of(error.code()),
        };
        Self { status, error: Arc::new(error) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer to a path that does not exist.
pub(crate) async fn unknown_path() -> Refusal {
    let error = Error::invalid("no such path").with_reason("unknown_path").with_hint("sessions are under /v1/sessions");
    Refusal { status: StatusCode::NOT_FOUND, ..error.into() }
}

/// The answer to a path that exists, but not with this method; the router adds `Allow`.
pub(crate) async fn method_not_allowed() -> Refusal {
    let error = Error::invalid("this path has no such method")
        .with_reason("method_not_allowed")
        .with_hint("the Allow header lists the methods of this path");
    Refusal { status: StatusCode::METHOD_NOT_ALLOWED, ..error.into() }
}

/// The layer: gives a refusal its body and headers, and logs it once.
pub(crate) async fn render(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    let mut response = next.run(request).await;
    let Some(Refusal { error, status }) = response.extensions_mut().remove::<Refusal>() else { return response };
    log(&error, status, &id);
    add_headers(response.headers_mut(), &error);
    *response.body_mut() = Body::from(body(&app, &error, &id).to_string());
    response
}

/// Everything a client may act on stands beside `error`, which stays a string because the public SDKs read it as one.
fn body(app: &App, error: &Error, id: &str) -> Value {
    let mut body: Map<String, Value> = error.details().clone();
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("success", false.into());
    put("error", error.message().into());
    put("code", error.code().as_str().into());
    put("retryable", error.code().is_retryable().into());
    put("outcome", json!(error.outcome()));
    put("hint", error.hint().into());
    put("requestId", id.into());
    if let Some(reason) = error.reason() {
        put("reason", reason.into());
    }
    if let Some(session) = error.session() {
        put("expiresInSeconds", session.expires_in_seconds(app.now()).into());
        put("session", json!(session));
    }
    body.into()
}

fn add_headers(headers: &mut HeaderMap, error: &Error) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.remove(header::CONTENT_LENGTH);
    if error.code() == ErrorCode::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(wait) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, whole_seconds(wait).into());
    }
}

/// Rounded up, so that a client that waits this long is not too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn log(error: &Error, status: StatusCode, id: &str) {
    let (code, reason, outcome) = (error.code().as_str(), error.reason(), error.outcome());
    let session = error.session().map(|session| session.id.to_string());
    let cause = chain(error);
    match status.as_u16() {
        500 => {
            tracing::error!(code, ?outcome, cause, session.id = session, request.id = id, "request failed: our defect");
        }
        501.. => {
            tracing::warn!(code, reason, ?outcome, cause, session.id = session, request.id = id, "request failed");
        }
        _ => tracing::debug!(code, reason, cause, session.id = session, request.id = id, "request refused"),
    }
}

/// The error and its causes, outermost first.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}"); // writing to a string cannot fail
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_status_of_the_contract() {
        let statuses = ErrorCode::ALL.map(|code| (code.as_str(), status_of(code).as_u16()));
        let contract = [
            ("invalid_request", 400),
            ("action_failed", 400),
            ("unauthorized", 401),
            ("forbidden", 403),
            ("session_not_found", 404),
            ("session_inactive", 409),
            ("session_lost", 409),
            ("session_limit", 429),
            ("action_timeout", 504),
            ("busy", 503),
            ("unavailable", 503),
            ("internal", 500),
        ];
        assert_eq!(statuses, contract);
    }

    #[test]
    fn the_log_line_has_the_whole_chain() {
        let cause = capture_core::ledger::LedgerError::new("read a session", "disk on fire");
        let error = Error::internal(cause);
        assert_eq!(chain(&error), "internal error: the ledger cannot read a session: disk on fire");
    }

    #[test]
    fn waits_are_rounded_up() {
        for (millis, seconds) in [(1, 1), (1000, 1), (1001, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
