//! What a ledger keeps of a secret: its hash and, for a derived one, what a server needs beside its key to compute it.
//!
//! Neither gives the secret away. It must not know keys.

use std::{fmt, num::NonZeroU32, str::FromStr};

use super::secret::SecretHash;

/// A secret as the ledger keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSecret {
    /// The hash, to which a presented secret is compared.
    pub hash: SecretHash,
    /// How the server key makes the secret; `None` for one that is kept as a hash only. The server does not know such a
    /// secret, so nothing that was signed with it can be checked.
    pub derivation: Option<Derivation>,
}

impl From<SecretHash> for StoredSecret {
    fn from(hash: SecretHash) -> Self {
        Self { hash, derivation: None }
    }
}

/// How a secret is derived from the server key. It is public without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Derivation {
    /// Distinguishes the secrets of a user.
    pub id: SecretId,
    /// The generation of the server key.
    pub generation: Generation,
}

/// A random id of a derived secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretId(pub [u8; 16]);

/// The number of a generation of the server key, from 1; the newest is the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(NonZeroU32);

/// The error for a text that is no number of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a generation is a whole number from 1 to 4294967295")]
pub struct InvalidGeneration;

impl Generation {
    /// The first generation of a key.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The generation after this one; `None` after the last one.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The number.
    pub fn number(self) -> u32 {
        self.0.get()
    }
}

impl TryFrom<u32> for Generation {
    type Error = InvalidGeneration;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        NonZeroU32::new(number).map(Self).ok_or(InvalidGeneration)
    }
}

impl FromStr for Generation {
    type Err = InvalidGeneration;

    /// Parses decimal digits in their only spelling, without sign and leading zeros.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|_| plain).map(Self).ok_or(InvalidGeneration)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_has_one_spelling() {
        for number in [1, 2, 10, u32::MAX] {
            let generation: Generation = number.to_string().parse().unwrap();
            assert_eq!((generation.number(), generation.to_string()), (number, number.to_string()));
        }
        for text in ["", "0", "01", "+1", "-1", " 1", "1 ", "1.0", "one", "4294967296"] {
            assert_eq!(text.parse::<Generation>(), Err(InvalidGeneration), "{text:?}");
        }
        assert_eq!(Generation::FIRST.next(), Generation::try_from(2).ok());
        assert_eq!(Generation::try_from(u32::MAX).unwrap().next(), None);
    }
}
