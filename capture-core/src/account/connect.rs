//! Connect tokens, which are part of a `connectUrl`. They are signed and not stored, so every instance that has the key
//! can verify them.
//!
//! A token is `v1.<payload>.<mac>`, both parts base64url without padding. The payload is `<session> <expires, ms>
//! <mark> <user>`; the MAC is HMAC-SHA256 over the purpose, the version and the encoded payload. The mark identifies
//! the secret with which the token was requested, so that revoking the secret revokes the token. A token may be used
//! several times until it expires. This module does not know whether the session is still live.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{FutureExt, future::BoxFuture};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{Account, SecretHash, UserId, mac::keyed};
use crate::{clock::Timestamp, error::Error, session::SessionId};

/// Longest token ever minted: an id of 41, a time of 20, a mark of 22, a user of 64, three spaces (200 bytes in
/// base64url), and the rest.
const MAX_TOKEN: usize = VERSION.len() + 200 + 1 + 43;
const VERSION: &str = "v1.";
/// Part of the MAC, so that no signature made for another purpose is accepted as a connect token.
const PURPOSE: &str = "capture-cdp";
/// Part of the MAC that makes a mark, so that marks and token signatures cannot stand in for each other.
const MARK_PURPOSE: &str = "capture-secret";

/// Signs and verifies connect tokens. All instances of a cluster share one key.
#[derive(Clone)]
pub struct ConnectKey([u8; 32]);

/// Provides the key of connect tokens: from this process, or shared by the instances of a cluster.
pub trait ConnectKeys: Send + Sync {
    /// The key for signing and verifying.
    ///
    /// # Errors
    /// `unavailable` when the key cannot be read.
    fn connect_key(&self) -> BoxFuture<'_, Result<ConnectKey, Error>>;
}

impl ConnectKeys for ConnectKey {
    fn connect_key(&self) -> BoxFuture<'_, Result<ConnectKey, Error>> {
        std::future::ready(Ok(self.clone())).boxed()
    }
}

impl ConnectKey {
    /// Generates a new random key.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The key from its 32 bytes, as shared in a cluster.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key in plain bytes, for sharing with the other instances. It must not be logged or shown.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// Signs a token for this user's session. It is valid until `expires` and while `secret` is one of the user's
    /// secrets. The token is a credential and must not be logged.
    pub fn mint(&self, session: SessionId, user: &UserId, secret: &SecretHash, expires: Timestamp) -> String {
        let mark = URL_SAFE_NO_PAD.encode(self.mark(secret));
        let payload = URL_SAFE_NO_PAD.encode(format!("{session} {} {mark} {user}", expires.0));
        let mac = URL_SAFE_NO_PAD.encode(self.sign(PURPOSE, payload.as_bytes()).finalize().into_bytes());
        format!("{VERSION}{payload}.{mac}")
    }

    /// Verifies a token and returns what it opens. Also check [`ConnectKey::is_of`], since the account may have
    /// changed. The MAC is compared in constant time, and no input causes a panic.
    ///
    /// # Errors
    /// A [`TokenError`] when the token is malformed, has a wrong signature or has expired.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Connect, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let signed = token.strip_prefix(VERSION).and_then(|rest| rest.split_once('.'));
        let (payload, mac) = signed.ok_or(TokenError::Malformed)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_not_base64| TokenError::Malformed)?;
        let signature = self.sign(PURPOSE, payload.as_bytes());
        signature.verify_slice(&mac).map_err(|_differs| TokenError::Forged)?;
        let (connect, expires) = read(payload).ok_or(TokenError::Malformed)?;
        if now >= expires {
            return Err(TokenError::Expired);
        }
        Ok(connect)
    }

    /// Whether the account may still use the token: it is enabled, and the token's secret is one of its secrets.
    pub fn is_of(&self, connect: &Connect, account: &Account) -> bool {
        let known =
            account.secrets.iter().fold(false, |found, secret| found | connect.mark.matches(&self.mark(&secret.hash)));
        known && account.enabled && account.id == connect.user
    }

    /// The mark of a secret. It is keyed, so that it does not reveal the secret's hash, which matters if the secret was
    /// chosen by a person.
    fn mark(&self, secret: &SecretHash) -> [u8; MARK_BYTES] {
        let mac = self.sign(MARK_PURPOSE, &secret.0).finalize().into_bytes();
        std::array::from_fn(|at| mac.get(at).copied().unwrap_or_default())
    }

    fn sign(&self, purpose: &str, signed: &[u8]) -> Hmac<Sha256> {
        let mut mac = keyed(&self.0);
        for part in [purpose.as_bytes(), b"\0", VERSION.as_bytes(), signed] {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for ConnectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectKey(…)")
    }
}

/// Bytes of a mark. 128 bits cannot be found by trying.
const MARK_BYTES: usize = 16;

/// Identifies the secret with which a token was requested. It can only be computed with the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretMark([u8; MARK_BYTES]);

impl SecretMark {
    fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    fn matches(&self, other: &[u8; MARK_BYTES]) -> bool {
        self.0.ct_eq(other).into()
    }
}

/// The contents of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The session.
    pub session: SessionId,
    /// Owner of the session when the token was signed.
    pub user: UserId,
    /// Mark of the secret with which the token was requested.
    pub mark: SecretMark,
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The text does not have the form of a token.
    #[error("not a connect token")]
    Malformed,
    /// The token was not signed with this key for this purpose.
    #[error("the connect token is not one of ours")]
    Forged,
    /// The token has expired.
    #[error("the connect token has expired: get the session for a new one")]
    Expired,
}

/// Parses a payload whose signature was verified.
fn read(payload: &str) -> Option<(Connect, Timestamp)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let mut parts = text.splitn(4, ' ');
    let session = parts.next()?.parse().ok()?;
    let expires = Timestamp(parts.next()?.parse().ok()?);
    let mark = SecretMark::parse(parts.next()?)?;
    let user = parts.next()?.parse().ok()?;
    Some((Connect { session, user, mark }, expires))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::account::Secret;

    const NOW: Timestamp = Timestamp(1_750_000_000_000);

    fn key() -> ConnectKey {
        ConnectKey::from_bytes([7; 32])
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp(NOW.0 + millis)
    }

    fn secret() -> SecretHash {
        Secret::chosen("first").hash()
    }

    fn minted(user: &str) -> (String, Connect) {
        let mark = SecretMark(key().mark(&secret()));
        let connect = Connect { session: SessionId::new(), user: user.parse().unwrap(), mark };
        (key().mint(connect.session, &connect.user, &secret(), at(300_000)), connect)
    }

    #[test]
    fn a_token_opens_its_session_any_number_of_times() {
        for user in ["a", "ann.b-c_d", &"u".repeat(64)] {
            let (token, connect) = minted(user);
            for _ in 0..3 {
                assert_eq!(key().verify(&token, NOW).as_ref(), Ok(&connect));
            }
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{token}");
        }
        let longest = key().mint(SessionId::new(), &"u".repeat(64).parse().unwrap(), &secret(), Timestamp(i64::MIN));
        assert_eq!(longest.len(), MAX_TOKEN);
    }

    #[test]
    fn a_token_opens_until_it_expires() {
        let (token, connect) = minted("ann");
        for (now, expected) in [
            (at(-30_000), Ok(connect.clone())),
            (at(299_999), Ok(connect)),
            (at(300_000), Err(TokenError::Expired)),
            (Timestamp(i64::MAX), Err(TokenError::Expired)),
        ] {
            assert_eq!(key().verify(&token, now), expected, "{}", now.0);
        }
    }

    #[test]
    fn a_token_is_its_accounts_while_the_secret_is_valid_and_the_account_enabled() {
        let (_, connect) = minted("ann");
        let account = |name: &str, secrets: &[&str]| {
            let hashes = secrets.iter().map(|secret| Secret::chosen(secret).hash().into()).collect();
            Account { secrets: hashes, ..Account::new(name.parse().unwrap(), secret()) }
        };
        assert!(key().is_of(&connect, &account("ann", &["first"])));
        assert!(key().is_of(&connect, &account("ann", &["other", "first"])));
        let disabled = Account { enabled: false, ..account("ann", &["first"]) };
        for gone in [account("ann", &[]), account("ann", &["other"]), account("bob", &["first"]), disabled] {
            assert!(!key().is_of(&connect, &gone), "{gone:?}");
        }
        assert!(!ConnectKey::from_bytes([8; 32]).is_of(&connect, &account("ann", &["first"])), "a mark needs its key");
        assert_ne!(key().mark(&secret())[..], secret().0[..MARK_BYTES], "it is no part of the hash");
    }

    #[test]
    fn no_byte_of_a_token_can_be_changed_added_or_left_out() {
        let (token, _) = minted("ann");
        for at in 0..token.len() {
            for other in ['A', 'B', 'Z', 'a', '0', '-', '_', '.', '=', '+', '/', ' ', 'é'] {
                let changed: String =
                    token.char_indices().map(|(index, c)| if index == at { other } else { c }).collect();
                assert!(changed == token || key().verify(&changed, NOW).is_err(), "{changed}");
                let mut longer = token.clone();
                longer.insert(at, other);
                assert!(key().verify(&longer, NOW).is_err(), "{longer}");
            }
            let mut shorter = token.clone();
            shorter.remove(at);
            assert!(key().verify(&shorter, NOW).is_err(), "{shorter}");
            let cut: String = token.chars().take(at).collect();
            assert!(key().verify(&cut, NOW).is_err(), "{cut}");
        }
    }

    #[test]
    fn another_spelling_of_the_same_bytes_is_refused() {
        let (token, _) = minted("ann");
        // The last character of 32 encoded bytes has two unused bits.
        let last = token.chars().next_back().unwrap();
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
            let changed = format!("{}{other}", token.strip_suffix(last).unwrap());
            assert_eq!(key().verify(&changed, NOW).is_ok(), other == last, "{changed}");
        }
        for padded in [format!("{token}="), token.replace('.', "=."), token.replace("v1.", "V1."), format!(" {token}")]
        {
            assert!(key().verify(&padded, NOW).is_err(), "{padded}");
        }
    }

    #[test]
    fn other_keys_and_other_purposes_are_forgeries() {
        let (token, connect) = minted("ann");
        assert_eq!(ConnectKey::from_bytes([8; 32]).verify(&token, NOW), Err(TokenError::Forged));
        assert_eq!(ConnectKey::generate().unwrap().verify(&token, NOW), Err(TokenError::Forged));
        let payload = token.split('.').nth(1).unwrap();
        let signed_for = |purpose: &str| {
            let mac = key().sign(purpose, payload.as_bytes()).finalize().into_bytes();
            format!("v1.{payload}.{}", URL_SAFE_NO_PAD.encode(mac))
        };
        for purpose in ["", "capture", "capture-view", "capture-secret", "capture-cdp\0"] {
            assert_eq!(key().verify(&signed_for(purpose), NOW), Err(TokenError::Forged), "{purpose:?}");
        }
        assert_eq!(key().verify(&signed_for(PURPOSE), NOW), Ok(connect));
        for mac in ["", "AA", &"A".repeat(43)] {
            assert_eq!(key().verify(&format!("v1.{payload}.{mac}"), NOW), Err(TokenError::Forged), "{mac:?}");
        }
    }

    #[test]
    fn what_has_not_the_form_of_a_token_is_malformed() {
        for text in
            ["", "v1", "v1.", "v1.a", "v2.a.b", "none.a.b", "v1.a.b.c", "v1..=", "v1.a.\u{0}", &"v1.".repeat(100_000)]
        {
            assert_eq!(key().verify(text, NOW), Err(TokenError::Malformed), "{text:.20}");
        }
        // Payloads with a valid signature that this version would not produce.
        let (id, mark) = (SessionId::new(), "A".repeat(22));
        for payload in [
            String::new(),
            "x".to_owned(),
            format!("sess_x 1 {mark} ann"),
            format!("{id} 1 {mark} "),
            format!("{id} x {mark} ann"),
            format!("{id} 1 AAAA ann"),
            format!("{id} 1 ann"),
        ] {
            let payload = URL_SAFE_NO_PAD.encode(payload);
            let mac = URL_SAFE_NO_PAD.encode(key().sign(PURPOSE, payload.as_bytes()).finalize().into_bytes());
            assert_eq!(key().verify(&format!("v1.{payload}.{mac}"), NOW), Err(TokenError::Malformed), "{payload}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(format!("{:?}", key()), "ConnectKey(…)");
    }

    #[test]
    fn the_mac_is_plain_hmac_sha256() {
        let block = <Hmac<Sha256> as Mac>::new_from_slice(&[7; 32]).unwrap();
        let expected = block.chain_update("capture-cdp\0v1.abc").finalize().into_bytes();
        assert_eq!(key().sign(PURPOSE, b"abc").finalize().into_bytes(), expected);
    }

    proptest! {
        #[test]
        fn no_text_opens_anything_or_panics(text in "(v2\\.)?[A-Za-z0-9_.=-]{0,260}|\\PC{0,300}", now in any::<i64>()) {
            prop_assert!(key().verify(&text, Timestamp(now)).is_err());
        }

        #[test]
        fn minted_tokens_are_valid_at_once(user in "[A-Za-z0-9_.-]{1,64}", now in i64::MIN..i64::MAX) {
            let session = SessionId::new();
            let user: UserId = user.parse().unwrap();
            let token = key().mint(session, &user, &secret(), Timestamp(now + 1));
            let mark = SecretMark(key().mark(&secret()));
            prop_assert_eq!(key().verify(&token, Timestamp(now)), Ok(Connect { session, user, mark }));
        }
    }
}
