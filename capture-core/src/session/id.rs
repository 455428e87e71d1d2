//! Session ids: `sess_<uuid>`.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const PREFIX: &str = "sess_";

/// Id of a session. It cannot be guessed, so it may be part of an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^sess_[0-9a-f-]{36}$"))]
pub struct SessionId(Uuid);

impl SessionId {
    /// Generates a new random id.
    #[expect(clippy::new_without_default, reason = "a default id would suggest a fixed value")]
    pub fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

/// The error for a text that is not `sess_` followed by a lower-case hyphenated uuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id")]
pub struct InvalidSessionId;

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uuid = text.strip_prefix(PREFIX).ok_or(InvalidSessionId)?;
        let id = Self(Uuid::try_parse(uuid).map_err(|_not_a_uuid| InvalidSessionId)?);
        // Only one spelling is accepted, so that ids can be compared as text.
        if id.to_string() == text { Ok(id) } else { Err(InvalidSessionId) }
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidSessionId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0.hyphenated())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_written_and_nothing_else_is_one() {
        let id = SessionId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "sess_", "sess_x", &id.to_string().to_uppercase(), &format!(" {id}"), &id.0.to_string()] {
            assert_eq!(text.parse::<SessionId>(), Err(InvalidSessionId), "{text:?}");
        }
    }
}
