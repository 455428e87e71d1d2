//! Bodies that are signed: the header `x-req-signature` has HMAC-SHA256 of the body's bytes under a secret of the user.

use axum::http::{HeaderMap, HeaderName};
use capture_core::{
    Error, ErrorCode,
    account::{Account, Accounts, SigningSecrets, UserId},
};
use subtle::ConstantTimeEq;

use crate::{
    app::App,
    auth::{from_base64, refuse_slowly},
    client_address::Source,
    error::Refusal,
    hex::{from_hex, to_hex},
};

/// The header of the signature.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-req-signature");

/// Returns the user whose id is `key` if one of the user's secrets has signed the body. A failure counts like a wrong
/// bearer token of the same address.
///
/// # Errors
/// `unauthorized` in equal words and after equal work for an unknown user, a disabled one, one without secrets that
/// sign, and a wrong signature.
pub(crate) async fn authenticate_body(
    app: &App,
    source: Option<&Source>,
    key: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<UserId, Refusal> {
    let verified = verify_body(app.accounts(), &app.settings().signing, key, headers, body).await;
    refuse_slowly(verified, source, app).await
}

/// As [`authenticate_body`], without counting failures.
pub(super) async fn verify_body(
    accounts: &dyn Accounts,
    signing: &SigningSecrets,
    key: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<UserId, Error> {
    let signature = read(headers).ok_or_else(invalid_signature)?;
    let user: Option<UserId> = key.parse().ok();
    let account = match &user {
        Some(user) => accounts.account(user).await?,
        None => None,
    };
    let is_signed = signing.is_signed(account.as_ref(), |secret| signature.ct_eq(&secret.sign(body)).into());
    account.filter(|_| is_signed).map(|account| account.id).ok_or_else(invalid_signature)
}

/// The value of the header for a body that the server sends to a user, in lower-case hexadecimal; `None` if the server
/// knows no secret of the user.
pub(crate) fn sign_body(signing: &SigningSecrets, account: &Account, body: &[u8]) -> Option<String> {
    Some(to_hex(&signing.primary(account)?.sign(body)))
}

/// Reads the header, which must occur exactly once: lower-case hexadecimal or base64, also after `sha256=`.
fn read(headers: &HeaderMap) -> Option<[u8; 32]> {
    let mut values = headers.get_all(SIGNATURE).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let text = value.strip_prefix("sha256=").unwrap_or(value);
    from_hex(text).or_else(|| from_base64(text)?.try_into().ok())
}

fn invalid_signature() -> Error {
    Error::new(ErrorCode::Unauthorized, "Invalid signature").with_hint(
        "x-req-signature is HMAC-SHA256 of the body's bytes with your secret as the key, in lower-case hex or base64; \
         `capture user show` tells which secrets can sign",
    )
}
