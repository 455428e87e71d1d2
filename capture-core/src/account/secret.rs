//! API secrets: 256 random bits, stored as SHA-256.
//!
//! A password hash is not needed: the secrets are random, and a slow hash would cost more than the action it protects.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::mac::keyed;

/// A secret in the clear. It is shown once to the user and not stored.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Generates a new secret of 256 random bits.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self::of_bytes(&bytes))
    }

    /// The secret of these bytes, which must be as hard to guess as random ones.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self(format!("sec_{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A secret chosen by a person, for development.
    pub fn chosen(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The hash under which the secret is stored.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }

    /// HMAC-SHA256 of a message under the secret, with which a user and the server sign to each other.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        keyed(self.0.as_bytes()).chain_update(message).finalize().into_bytes().into()
    }

    /// The text of the secret, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a secret's text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash of the text that a client presents.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Compares two hashes in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_secrets_differ_and_match_only_themselves() {
        let (one, two) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert!(one.hash().matches(&SecretHash::of(one.reveal())));
        assert!(!one.hash().matches(&two.hash()));
        assert!(!format!("{one:?}").contains(one.reveal()));
    }
}
