//! Parses the user id and the secret in the `Authorization` header, without checking them.
//!
//! Knows nothing of accounts.

use axum::http::{HeaderMap, header};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use capture_core::account::{SecretHash, UserId};

/// Longest token that is parsed, in bytes: a user id of 64, a secret of 47, and room for longer secrets that an
/// operator chooses.
const MAX_TOKEN_BYTES: usize = 512;

/// Padding is optional. Non-zero trailing bits are refused, so that a token has exactly one spelling per alphabet.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The credential that a caller presents. Only the hash of the secret is kept.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) user: UserId,
    pub(super) secret: SecretHash,
}

/// Why a request has no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoCredential {
    #[error("the Authorization header is missing")]
    Missing,
    #[error("the Authorization header is not Bearer base64(userId:secret)")]
    Malformed,
}

impl Credential {
    /// Reads the `Authorization` header, which must occur exactly once.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, NoCredential> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(NoCredential::Missing)?;
        if values.next().is_some() {
            return Err(NoCredential::Malformed);
        }
        value.to_str().ok().and_then(token).and_then(Self::decode).ok_or(NoCredential::Malformed)
    }

    fn decode(token: &str) -> Option<Self> {
        let bytes = from_base64(token)?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let (user, secret) = text.split_once(':')?;
        if secret.is_empty() {
            return None;
        }
        Some(Self { user: user.parse().ok()?, secret: SecretHash::of(secret) })
    }
}

/// Decodes either alphabet, with or without padding.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_other_alphabet| URL_SAFE.decode(text)).ok()
}

/// The token after the scheme, whose case does not matter.
fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    let bounded = (1..=MAX_TOKEN_BYTES).contains(&token.len());
    (scheme.eq_ignore_ascii_case("bearer") && bounded).then_some(token)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose as base64s;

    use super::*;

    fn read(value: &[u8]) -> Result<Credential, NoCredential> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, axum::http::HeaderValue::from_bytes(value).unwrap());
        Credential::read(&headers)
    }

    fn bearer(decoded: &[u8]) -> String {
        format!("Bearer {}", base64s::STANDARD.encode(decoded))
    }

    fn assert_is(value: &str, user: &str, secret: &str) {
        let credential = read(value.as_bytes()).unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!((credential.user.as_ref(), credential.secret), (user, SecretHash::of(secret)), "{value}");
    }

    #[test]
    fn either_alphabet_with_or_without_padding() {
        // "??>" and "~~~" encode to the two characters in which the alphabets differ.
        for secret in ["s", "se", "sec", "??>~~~", "??>~~~x"] {
            let text = format!("ann:{secret}");
            for encoded in [
                base64s::STANDARD.encode(&text),
                base64s::STANDARD_NO_PAD.encode(&text),
                base64s::URL_SAFE.encode(&text),
                base64s::URL_SAFE_NO_PAD.encode(&text),
            ] {
                assert_is(&format!("Bearer {encoded}"), "ann", secret);
            }
        }
    }

    #[test]
    fn the_scheme_has_no_case_and_the_first_colon_splits() {
        let token = base64s::STANDARD.encode("ann:a:b:c");
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
            assert_is(&format!("{scheme} {token}"), "ann", "a:b:c");
        }
    }

    #[test]
    fn what_is_no_bearer_token_is_malformed() {
        let good = base64s::STANDARD.encode("ann:secret");
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer  ",
            "Basic YTpi",
            &good,
            &format!("Bearer{good}"),
            &format!("Bearer {good} {good}"),
            &format!("Bearer {good},{good}"),
            &format!("Bearer\t{good}"),
            "Bearer !!!!",
            "Bearer YW5uOnM*",
            "Bearer YW5uOg=",
            "Bearer YW5uOnN=x",      // padding inside
            "Bearer YW5uOnNlY3JldB", // trailing bits that are not zero
            "Bearer YW5u OnM=",      // a space inside
            "Bearer -_+/",           // both alphabets
        ] {
            assert_eq!(read(value.as_bytes()).unwrap_err(), NoCredential::Malformed, "{value:?}");
        }
    }

    #[test]
    fn what_is_inside_must_be_a_user_a_colon_and_a_secret() {
        for decoded in [
            &b"ann"[..],
            b":secret",
            b"ann:",
            b":",
            b"",
            b"a b:secret",
            b"an\0n:secret",
            b"\xff:secret",
            b"ann:\xff",
            "änn:s".as_bytes(),
        ] {
            assert_eq!(read(bearer(decoded).as_bytes()).unwrap_err(), NoCredential::Malformed, "{decoded:?}");
        }
        let long = format!("{}:secret", "x".repeat(65));
        assert_eq!(read(bearer(long.as_bytes()).as_bytes()).unwrap_err(), NoCredential::Malformed);
    }

    #[test]
    fn length_is_bounded_before_anything_is_decoded() {
        let longest = format!("ann:{}", "x".repeat(380));
        assert_eq!(base64s::STANDARD.encode(&longest).len(), MAX_TOKEN_BYTES);
        assert_is(&bearer(longest.as_bytes()), "ann", &"x".repeat(380));
        for over in [381, 1 << 20] {
            let token = bearer(format!("ann:{}", "x".repeat(over)).as_bytes());
            assert_eq!(read(token.as_bytes()).unwrap_err(), NoCredential::Malformed);
        }
    }

    #[test]
    fn none_two_or_unprintable_headers_are_no_credential() {
        let mut headers = HeaderMap::new();
        assert_eq!(Credential::read(&headers).unwrap_err(), NoCredential::Missing);
        headers.append(header::AUTHORIZATION, bearer(b"ann:secret").parse().unwrap());
        assert!(Credential::read(&headers).is_ok());
        headers.append(header::AUTHORIZATION, bearer(b"ann:secret").parse().unwrap());
        assert_eq!(Credential::read(&headers).unwrap_err(), NoCredential::Malformed);
        assert_eq!(read(b"Bearer \xff").unwrap_err(), NoCredential::Malformed);
    }

    #[test]
    fn a_credential_does_not_show_its_secret() {
        assert!(!format!("{:?}", read(bearer(b"ann:topsecret").as_bytes())).contains("topsecret"));
    }
}
