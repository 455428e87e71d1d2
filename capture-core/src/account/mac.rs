//! HMAC-SHA256 with keys of any length, for everything that is signed with a key or a secret.

use hmac::{
    Hmac,
    digest::{Digest, KeyInit},
};
use sha2::Sha256;

/// Bytes of a block of SHA-256, to which HMAC brings every key.
const BLOCK: u8 = 64;

/// The MAC under this key, before anything is signed.
pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let hashed = Sha256::digest(key);
    // HMAC takes the hash of a key that is longer than a block, and pads a shorter one with zeros.
    let short = if key.len() > BLOCK.into() { hashed.as_slice() } else { key };
    let block: [u8; BLOCK as usize] = std::array::from_fn(|at| short.get(at).copied().unwrap_or(0));
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

#[cfg(test)]
mod tests {
    use hmac::Mac;

    use super::*;

    #[test]
    fn it_is_plain_hmac_for_keys_of_every_length() {
        for length in [0, 1, 32, 63, 64, 65, 200] {
            let key = vec![7; length];
            let expected = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap().chain_update("text").finalize();
            assert_eq!(keyed(&key).chain_update("text").finalize().into_bytes(), expected.into_bytes(), "{length}");
        }
    }
}
