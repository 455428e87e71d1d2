//! What a client is answered that the browser is not asked for: errors, and the empty result of what the server did itself.
//!
//! Knows nothing of why a command is refused.

/// JSON-RPC: not a request.
pub(super) const INVALID_REQUEST: i64 = -32_600;
/// JSON-RPC: no such method.
pub(super) const UNKNOWN_METHOD: i64 = -32_601;
/// JSON-RPC: parameters that are not what the method takes.
pub(super) const INVALID_PARAMS: i64 = -32_602;
/// Chromium's code for whatever it does not do.
const REFUSED: i64 = -32_000;

/// An error as the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// JSON-RPC's or Chromium's code.
    pub(crate) code: i64,
    /// What is refused and why.
    pub(crate) message: String,
}

impl Refusal {
    /// A command that is not carried out, with the reason after "refused:".
    pub(super) fn because(method: &str, reason: impl std::fmt::Display) -> Self {
        Self { code: REFUSED, message: format!("{method} is refused: {reason}") }
    }

    /// An error in Chromium's own words.
    pub(super) fn as_chromium(message: &str) -> Self {
        Self { code: REFUSED, message: message.to_owned() }
    }

    /// The answer to a command that was refused.
    pub(crate) fn answer(&self, id: u64, session: Option<&str>) -> String {
        let mut answer = serde_json::json!({ "id": id, "error": { "code": self.code, "message": self.message } });
        name_session(&mut answer, session);
        answer.to_string()
    }
}

/// The answer to a command that we carried out ourselves: an empty result.
pub(crate) fn done(id: u64, session: Option<&str>) -> String {
    let mut answer = serde_json::json!({ "id": id, "result": {} });
    name_session(&mut answer, session);
    answer.to_string()
}

/// Clients look for who waits by session and id.
fn name_session(answer: &mut serde_json::Value, session: Option<&str>) {
    if let (Some(session), Some(members)) = (session, answer.as_object_mut()) {
        members.insert("sessionId".to_owned(), session.into());
    }
}
