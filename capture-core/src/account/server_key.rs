//! The server key, from which the secrets of users are derived, so that no ledger keeps a secret that signs.
//!
//! `secret = "sec_" + base64url(HMAC-SHA256(key, user ‖ 0 ‖ secret id ‖ 0 ‖ generation))`, with the secret id as its 16
//! bytes and the generation as four bytes, highest first. A key has generations: each secret belongs to one of them,
//! and new secrets are made with the newest.
//!
//! This module owns the text of a key, what is derived from it, and its fingerprints. It must not know files or stores.

use std::{collections::BTreeMap, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;

use super::{Derivation, Generation, Secret, SecretId, StoredSecret, UserId, mac::keyed};

/// What is signed to make a fingerprint. It has spaces, which no user id has, so that it is never the beginning of what
/// makes a secret. Whatever else is derived from the key needs a text of this kind too.
const FINGERPRINT: &str = "capture server key: fingerprint";

/// The key of a server or of all instances of a cluster. It is never logged, shown, or stored beside what it protects.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerKey {
    newest: (Generation, [u8; 32]),
    older: BTreeMap<Generation, [u8; 32]>,
}

/// Why a text is no server key. The message does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServerKey {
    /// There is no line.
    #[error("it is empty")]
    Empty,
    /// A line, counted from 1, has another form.
    #[error("line {0} is not N:KEY, a number and 32 bytes in base64url")]
    Line(usize),
    /// Two lines have the same number.
    #[error("generation {0} occurs twice")]
    Twice(Generation),
}

/// Why a key cannot get a new generation.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum RotateError {
    /// There is no higher number.
    #[error("its newest generation has the highest number")]
    Last,
    /// The operating system provides no randomness.
    #[error("the operating system provides no random bytes")]
    Randomness(#[from] getrandom::Error),
}

/// Identifies one generation of a key without revealing it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyFingerprint {
    /// The generation.
    pub generation: Generation,
    /// The MAC of a fixed text under its key.
    pub mac: [u8; 32],
}

impl ServerKey {
    /// A new random key with one generation.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self { newest: (Generation::FIRST, random()?), older: BTreeMap::new() })
    }

    /// The key with a further random generation, which becomes the newest.
    ///
    /// # Errors
    /// [`RotateError`].
    pub fn rotated(&self) -> Result<Self, RotateError> {
        let generation = self.newest.0.next().ok_or(RotateError::Last)?;
        let older = self.older.iter().map(|(generation, key)| (*generation, *key)).chain([self.newest]).collect();
        Ok(Self { newest: (generation, random()?), older })
    }

    /// Whether this key is `earlier` with one further generation.
    pub fn follows(&self, earlier: &Self) -> bool {
        let mut older = self.older.clone();
        older.pop_last() == Some(earlier.newest) && older == earlier.older
    }

    /// Parses the text of a key: one line `N:KEY` for each generation, in any order. Empty lines are skipped.
    ///
    /// # Errors
    /// [`InvalidServerKey`].
    pub fn parse(text: &str) -> Result<Self, InvalidServerKey> {
        let mut generations = BTreeMap::new();
        for (index, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
            let (generation, key) = parse_line(line).ok_or(InvalidServerKey::Line(index + 1))?;
            if generations.insert(generation, key).is_some() {
                return Err(InvalidServerKey::Twice(generation));
            }
        }
        let newest = generations.pop_last().ok_or(InvalidServerKey::Empty)?;
        Ok(Self { newest, older: generations })
    }

    /// The text of the key, oldest generation first. It is the key itself, for a file that only its owner can read.
    pub fn reveal(&self) -> String {
        let line = |(generation, key)| format!("{generation}:{}\n", URL_SAFE_NO_PAD.encode::<&[u8; 32]>(key));
        self.generations().map(line).collect::<Vec<_>>().concat()
    }

    /// The fingerprints of all generations, oldest first.
    pub fn fingerprints(&self) -> Vec<KeyFingerprint> {
        let fingerprint = |(generation, key): (Generation, &[u8; 32])| KeyFingerprint {
            generation,
            mac: keyed(key).chain_update(FINGERPRINT).finalize().into_bytes().into(),
        };
        self.generations().map(fingerprint).collect()
    }

    /// A new secret of this user, and what the ledger keeps of it.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn new_secret(&self, user: &UserId) -> Result<(Secret, StoredSecret), getrandom::Error> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let (generation, key) = self.newest;
        let derivation = Derivation { id: SecretId(id), generation };
        let secret = derive(&key, user.as_ref(), &derivation);
        let stored = StoredSecret { hash: secret.hash(), derivation: Some(derivation) };
        Ok((secret, stored))
    }

    /// The secret that this key makes in this way; `None` if the key does not have the generation. It is only a secret
    /// of the user if its hash is the stored one.
    pub(super) fn derive(&self, user: &UserId, derivation: &Derivation) -> Option<Secret> {
        let (newest, key) = &self.newest;
        let key = if derivation.generation == *newest { key } else { self.older.get(&derivation.generation)? };
        Some(derive(key, user.as_ref(), derivation))
    }

    /// A secret of no user, which takes as long to make as one of a user.
    pub(super) fn decoy(&self) -> Secret {
        let (generation, key) = self.newest;
        derive(&key, "nobody at all", &Derivation { id: SecretId([0; 16]), generation })
    }

    fn generations(&self) -> impl Iterator<Item = (Generation, &[u8; 32])> {
        let (generation, key) = &self.newest;
        self.older.iter().map(|(generation, key)| (*generation, key)).chain([(*generation, key)])
    }
}

fn derive(key: &[u8; 32], user: &str, derivation: &Derivation) -> Secret {
    let mut mac = keyed(key);
    let generation = derivation.generation.number().to_be_bytes();
    for part in [user.as_bytes(), b"\0", &derivation.id.0, b"\0", &generation] {
        mac.update(part);
    }
    Secret::of_bytes(&mac.finalize().into_bytes())
}

fn parse_line(line: &str) -> Option<(Generation, [u8; 32])> {
    let (generation, key) = line.split_once(':')?;
    Some((generation.parse().ok()?, URL_SAFE_NO_PAD.decode(key).ok()?.try_into().ok()?))
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerKey({:?})", self.fingerprints())
    }
}

impl fmt::Display for KeyFingerprint {
    /// Writes the first eight bytes: enough to distinguish keys, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mac.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n";

    fn ann() -> UserId {
        "ann".parse().unwrap()
    }

    #[test]
    fn the_derivation_never_changes() {
        let key = ServerKey::parse(FIRST).unwrap();
        let derivation = Derivation { id: SecretId(*b"0123456789abcdef"), generation: Generation::FIRST };
        let secret = key.derive(&ann(), &derivation).unwrap();
        // HMAC-SHA256 of "ann", 0, the id, 0, 0 0 0 1 with 32 bytes 1 as the key.
        assert_eq!(secret.reveal(), "sec_yH1BNFBFCxpUdF0i322wribk0B_CHteSpLMtaiOCN08");
        assert_eq!(key.fingerprints()[0].to_string(), "adfe4f672bd8cf9d");
    }

    #[test]
    fn every_part_makes_another_secret() {
        let key = ServerKey::generate().unwrap();
        let (secret, stored) = key.new_secret(&ann()).unwrap();
        let derivation = stored.derivation.unwrap();
        assert_eq!(key.derive(&ann(), &derivation).unwrap().reveal(), secret.reveal());
        assert_eq!((stored.hash, secret.reveal().len()), (secret.hash(), 47));
        let second = Generation::FIRST.next().unwrap();
        let others = [
            key.derive(&"bob".parse().unwrap(), &derivation).unwrap(),
            key.derive(&ann(), &Derivation { id: SecretId([0; 16]), ..derivation }).unwrap(),
            ServerKey::generate().unwrap().derive(&ann(), &derivation).unwrap(),
            derive(&key.newest.1, "ann", &Derivation { generation: second, ..derivation }),
            key.new_secret(&ann()).unwrap().0,
        ];
        assert!(others.iter().all(|other| other.reveal() != secret.reveal()));
        assert!(key.derive(&ann(), &Derivation { generation: second, ..derivation }).is_none());
    }

    #[test]
    fn secrets_outlive_a_rotation() {
        let key = ServerKey::generate().unwrap();
        let (secret, stored) = key.new_secret(&ann()).unwrap();
        let rotated = key.rotated().unwrap();
        let old = rotated.derive(&ann(), &stored.derivation.unwrap()).unwrap();
        assert_eq!(old.reveal(), secret.reveal());
        let (_, new) = rotated.new_secret(&ann()).unwrap();
        assert_eq!(new.derivation.unwrap().generation.number(), 2);
        assert_eq!(rotated.fingerprints()[..1], key.fingerprints());
        assert!(rotated.follows(&key) && rotated.rotated().unwrap().follows(&rotated));
        for other in [&key, &rotated.rotated().unwrap(), &ServerKey::generate().unwrap()] {
            assert!(!other.follows(&key), "{other:?}");
        }
    }

    #[test]
    fn the_text_of_a_key_is_read_back_and_nothing_else() {
        let key = ServerKey::generate().unwrap().rotated().unwrap();
        assert_eq!(ServerKey::parse(&key.reveal()), Ok(key.clone()));
        let backwards: Vec<_> = key.reveal().lines().rev().map(|line| format!(" {line}\r\n\n")).collect();
        assert_eq!(ServerKey::parse(&backwards.concat()), Ok(key));
        let last = format!("{}:{}", u32::MAX, FIRST.split_once(':').unwrap().1);
        assert!(matches!(ServerKey::parse(&last).unwrap().rotated(), Err(RotateError::Last)));
        for (text, why) in [
            (String::new(), "it is empty"),
            ("\n \n".to_owned(), "it is empty"),
            (FIRST.repeat(2), "generation 1 occurs twice"),
            (format!("{FIRST}\n2:AQEB"), "line 3 is not N:KEY, a number and 32 bytes in base64url"),
            (FIRST.replacen('1', "0", 1), "line 1 is not N:KEY, a number and 32 bytes in base64url"),
            (FIRST.replace("AQE\n", "AQE=\n"), "line 1 is not N:KEY, a number and 32 bytes in base64url"),
            ("a key".to_owned(), "line 1 is not N:KEY, a number and 32 bytes in base64url"),
        ] {
            assert_eq!(ServerKey::parse(&text).unwrap_err().to_string(), why, "{text:?}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let shown = format!("{:?}", ServerKey::parse(FIRST).unwrap());
        assert!(!shown.contains("AQEB") && !shown.contains("[1, 1") && shown.len() < 40, "{shown}");
    }
}
