//! A reply of the REST API, with the accessors that tests need.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A reply as it arrived.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null where it is not JSON.
    pub body: Value,
    /// The body as bytes.
    pub bytes: Vec<u8>,
}

impl std::ops::Index<&str> for Reply {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.body[field]
    }
}

impl Reply {
    /// Fails unless the reply has this status.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the last word about a reply")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Fails unless the reply is this error.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the last word about a reply")]
    pub fn expect_error(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        self
    }

    /// The value of a text field.
    #[track_caller]
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("{field} is text in {}", self.body))
    }
}
