//! Checks a credential against its account, and provides the extractors of authenticated callers.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use capture_core::{
    Caller, Error, ErrorCode,
    account::{Accounts, Grant, Scope, SecretHash},
};

use super::bearer::Credential;
use crate::{app::App, client_address::Source, error::Refusal, server::Place};

/// A hash that no secret has. It is compared when there is no account, so that an unknown user takes as long as a wrong
/// secret.
const NOBODY: SecretHash = SecretHash([0; 32]);

/// A caller whose credential matches. It is extracted before anything else about the request is judged.
#[derive(Debug)]
pub(crate) struct Authenticated(pub(crate) Caller);

/// A caller together with the grant of its credential, for connections that outlive the request.
#[derive(Debug)]
pub(crate) struct Credentialed(pub(crate) Grant);

impl Credentialed {
    pub(crate) fn caller(&self) -> Caller {
        Caller::user(self.0.user.clone())
    }
}

impl FromRequestParts<Arc<App>> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        Credentialed::from_request_parts(parts, app).await.map(|credentialed| Self(credentialed.caller()))
    }
}

impl FromRequestParts<Arc<App>> for Credentialed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let judged = authenticate(&parts.headers, app.accounts()).await;
        let grant = refuse_slowly(judged, parts.extensions.get(), app).await?;
        if let Some(place) = parts.extensions.get::<Arc<Place>>() {
            place.belongs_to(&grant.user);
        }
        Ok(Self(grant))
    }
}

/// Passes on the result of an authentication. If it failed, the answer is the later the more have failed from this
/// address.
pub(crate) async fn refuse_slowly<T>(
    judged: Result<T, Error>,
    source: Option<&Source>,
    app: &App,
) -> Result<T, Refusal> {
    let error = match judged {
        Err(error) if error.code() == ErrorCode::Unauthorized => error,
        other => return Ok(other?),
    };
    let wait = source.map(|source| app.throttle().failed(*source)).unwrap_or_default();
    if wait.is_zero() {
        return Err(error.into());
    }
    tokio::time::sleep(wait).await;
    Err(error.with_retry_after(wait).into())
}

/// Returns the caller, or `unauthorized` with equal words for an unknown user and for a wrong secret.
async fn authenticate(headers: &HeaderMap, accounts: &dyn Accounts) -> Result<Grant, Error> {
    let unauthorized = |why: String| Error::new(ErrorCode::Unauthorized, why);
    let credential = Credential::read(headers).map_err(|none| unauthorized(none.to_string()))?;
    let account = accounts.account(&credential.user).await?;
    let matches = match &account {
        Some(account) => account.accepts(&credential.secret),
        None => NOBODY.matches(&credential.secret),
    };
    if account.is_some() && matches {
        Ok(Grant { user: credential.user, secret: credential.secret, scope: Scope::ALL })
    } else {
        Err(unauthorized("unknown user or wrong secret".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use capture_core::{
        account::{Account, AccountChange, Secret},
        ledger::MemoryLedger,
    };

    use super::*;

    async fn accounts() -> MemoryLedger {
        let accounts = MemoryLedger::new();
        let ann = Account::new("ann".parse().unwrap(), Secret::chosen("first").hash());
        accounts.add(ann).await.unwrap();
        let second = AccountChange::AddSecret(Secret::chosen("second").hash().into());
        accounts.change("ann".parse().unwrap(), second).await.unwrap();
        accounts
    }

    async fn ask(accounts: &MemoryLedger, credential: &str) -> Result<Grant, Error> {
        let mut headers = HeaderMap::new();
        let value = format!("Bearer {}", STANDARD.encode(credential));
        headers.insert(axum::http::header::AUTHORIZATION, value.parse().unwrap());
        authenticate(&headers, accounts).await
    }

    #[tokio::test]
    async fn any_secret_of_the_user_is_accepted_and_no_other() {
        let accounts = accounts().await;
        for secret in ["first", "second"] {
            assert_eq!(ask(&accounts, &format!("ann:{secret}")).await.unwrap().user.as_ref(), "ann");
        }
        for credential in ["ann:third", "ann:First", "ann:first ", "bob:first", "Ann:first"] {
            let error = ask(&accounts, credential).await.unwrap_err();
            assert_eq!((error.code(), error.message()), (ErrorCode::Unauthorized, "unknown user or wrong secret"));
        }
    }

    #[tokio::test]
    async fn a_revoked_secret_is_refused_at_once_and_a_disabled_user_is_still_known() {
        let accounts = accounts().await;
        for change in [AccountChange::RevokeSecret(Secret::chosen("first").hash()), AccountChange::Disable] {
            accounts.change("ann".parse().unwrap(), change).await.unwrap();
        }
        assert!(ask(&accounts, "ann:first").await.is_err());
        assert!(ask(&accounts, "ann:second").await.is_ok());
    }
}
