//! Addresses whose query is signed: `/{user id}/{hash}/…?query`, where the hash is the MD5 of a secret and the query.
//!
//! What is hashed is every byte after the first `?` exactly as it was sent. MD5 of a secret and a text can be continued
//! by a client that knows the hash, with a text that has bytes outside printable ASCII in it. Such bytes are therefore
//! refused, and the hash of a decoded query is never accepted, since `%00` would stand for one of them. The path is not
//! signed.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use capture_core::{
    Error, ErrorCode,
    account::{Accounts, Secret, SigningSecrets, UserId},
};
use md5::{Digest, Md5};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::parameters::Parameters;
use crate::{app::App, auth::refuse_slowly, error::Refusal, hex::to_hex, server::Place};

/// A user who has signed the query, and its parameters. It is no grant for anything but what the address is for: signed
/// addresses stand in public pages.
#[derive(Debug)]
pub(crate) struct SignedQuery {
    /// The user, who is enabled.
    pub(crate) user: UserId,
    /// The parameters of the query.
    pub(crate) parameters: Parameters,
}

/// The beginning of the path.
#[derive(Deserialize)]
struct Signature {
    key: String,
    hash: String,
}

impl FromRequestParts<Arc<App>> for SignedQuery {
    type Rejection = Refusal;

    /// Needs a route with `{key}` and `{hash}`.
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let signature = Path::<Signature>::from_request_parts(parts, app).await;
        let query = parts.uri.query().unwrap_or_default();
        let verified = match &signature {
            Ok(Path(Signature { key, hash })) => {
                verify(app.accounts(), &app.settings().signing, key, hash, query).await
            }
            Err(_undecodable) => Err(invalid_hash()),
        };
        let user = refuse_slowly(verified, parts.extensions.get(), app).await?;
        if let Some(place) = parts.extensions.get::<Arc<Place>>() {
            place.belongs_to(&user);
        }
        Ok(Self { user, parameters: Parameters::decode(query)? })
    }
}

/// Returns the user whose id is `key` if one of the user's secrets has signed the query, which is given as it was sent.
///
/// # Errors
/// `unauthorized` in equal words and after equal work for an unknown user, a disabled one, one without secrets that
/// sign, and a wrong hash. `invalid_request` for a query that is not printable ASCII.
pub(crate) async fn verify(
    accounts: &dyn Accounts,
    signing: &SigningSecrets,
    key: &str,
    hash: &str,
    query: &str,
) -> Result<UserId, Error> {
    if !query.bytes().all(|byte| byte.is_ascii_graphic()) {
        let error = Error::invalid("the query has bytes outside printable ASCII");
        return Err(error.with_hint("encode them with percent signs before hashing the query"));
    }
    let user: Option<UserId> = key.parse().ok();
    let account = match &user {
        Some(user) => accounts.account(user).await?,
        None => None,
    };
    let is_signed =
        signing.is_signed(account.as_ref(), |secret| hash.as_bytes().ct_eq(hash_of(secret, query).as_bytes()).into());
    account.filter(|_| is_signed).map(|account| account.id).ok_or_else(invalid_hash)
}

/// The hash of a query in lower-case hexadecimal.
fn hash_of(secret: &Secret, query: &str) -> String {
    to_hex(&Md5::new().chain_update(secret.reveal()).chain_update(query).finalize())
}

fn invalid_hash() -> Error {
    Error::new(ErrorCode::Unauthorized, "Invalid hash").with_hint(
        "the hash is md5(secret + every byte after the first ?, as sent) in lower-case hex; `capture user show` tells \
         which secrets can sign",
    )
}
