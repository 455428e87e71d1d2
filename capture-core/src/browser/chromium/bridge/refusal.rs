//! Answers that the server gives in place of the browser: errors, and empty results of commands that the server carried
//! out.
//!
//! This module must not know why a command is refused.

/// JSON-RPC code: not a valid request.
pub(super) const INVALID_REQUEST: i64 = -32_600;
/// JSON-RPC code: no such method.
pub(super) const UNKNOWN_METHOD: i64 = -32_601;
/// JSON-RPC code: invalid parameters.
pub(super) const INVALID_PARAMS: i64 = -32_602;
/// Chromium's code for everything it refuses.
const REFUSED: i64 = -32_000;

/// An error as the client gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The code, from JSON-RPC or Chromium.
    pub(crate) code: i64,
    /// What is refused, and why.
    pub(crate) message: String,
}

impl Refusal {
    /// A refused command, with the reason after "refused:".
    pub(super) fn because(method: &str, reason: impl std::fmt::Display) -> Self {
        Self { code: REFUSED, message: format!("{method} is refused: {reason}") }
    }

    /// An error with the text that Chromium would use.
    pub(super) fn as_chromium(message: &str) -> Self {
        Self { code: REFUSED, message: message.to_owned() }
    }

    /// The answer to a refused command.
    pub(crate) fn answer(&self, id: u64, session: Option<&str>) -> String {
        let mut answer = serde_json::json!({ "id": id, "error": { "code": self.code, "message": self.message } });
        name_session(&mut answer, session);
        answer.to_string()
    }
}

/// The empty result of a command that the server carried out itself.
pub(crate) fn done(id: u64, session: Option<&str>) -> String {
    let mut answer = serde_json::json!({ "id": id, "result": {} });
    name_session(&mut answer, session);
    answer.to_string()
}

/// Adds the session, because clients match answers by session and id.
fn name_session(answer: &mut serde_json::Value, session: Option<&str>) {
    if let (Some(session), Some(members)) = (session, answer.as_object_mut()) {
        members.insert("sessionId".to_owned(), session.into());
    }
}
