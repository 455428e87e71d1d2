//! Idempotency keys as clients send them, and the request each belongs to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::MAX_KEY_CHARS;

/// An idempotency key: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// The key as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The error for a text that is not an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 64 visible ASCII characters")]
pub struct InvalidKey;

impl std::str::FromStr for IdempotencyKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = (1..=MAX_KEY_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if valid { Ok(Self(text.into())) } else { Err(InvalidKey) }
    }
}

/// A key together with the hash of its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyed {
    /// The client's key.
    pub key: IdempotencyKey,
    /// Hash of the request, which distinguishes a repetition from a key used twice by mistake.
    pub request: RequestHash,
}

/// SHA-256 of a request's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// The hash of a request body.
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        for bad in ["", "a b", "ä", "x\n", &"x".repeat(65)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(InvalidKey), "{bad:?}");
        }
    }
}
