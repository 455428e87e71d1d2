//! Whether a connect token opens a session now, and until when a connection that it opened may stand.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use capture_core::{
    Error, ErrorCode,
    account::{Connect, TokenError},
    session::CONNECT_LIFE,
};
use serde::Deserialize;

use crate::{app::App, auth::Credentialed, client_address::Source, error::Refusal};

/// Between two looks whether the secret behind an open connection still holds, as on channels.
const RECHECK: Duration = Duration::from_secs(60);

/// What follows the question mark.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Presented {
    #[serde(default)]
    pub(super) token: String,
    /// Instead of a token, with credentials in the header.
    pub(super) session_id: Option<String>,
    /// What a new page shows.
    pub(super) url: Option<String>,
}

/// A token that opens a session now.
pub(super) struct Opening {
    pub(super) token: String,
    pub(super) connect: Connect,
}

/// What the token in the address opens, or the session named there with the credentials in the header.
pub(super) async fn opened(app: &Arc<App>, presented: Presented, parts: &mut Parts) -> Result<Opening, Refusal> {
    let Presented { token, session_id, url: _ } = presented;
    let Some(session) = session_id else {
        let source = parts.extensions.get::<Source>().copied();
        let connect = judge(app, &token, source).await?;
        return Ok(Opening { token, connect });
    };
    if !token.is_empty() {
        return Err(Error::invalid("either token or sessionId, not both").into());
    }
    if !parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(Error::new(ErrorCode::Unauthorized, "sessionId needs Authorization: Bearer on the upgrade")
            .with_reason("no_credentials")
            .with_hint("send the header, or connect to the session's connectUrl, which has a token")
            .into());
    }
    let session = session.parse().map_err(|_malformed| Error::not_found())?;
    let grant = Credentialed::from_request_parts(parts, app).await?.0;
    let key = app.connect_keys().connect_key().await?;
    // Stands for the header from here on: to another instance, and when it is looked whether the secret still holds.
    let token = key.mint(session, &grant.user, &grant.secret, app.now().plus(CONNECT_LIFE));
    let connect = judge(app, &token, None).await?;
    Ok(Opening { token, connect })
}

/// Whose token it is. Wrong ones are answered slower, as wrong secrets are.
async fn judge(app: &App, token: &str, source: Option<Source>) -> Result<Connect, Error> {
    let key = app.connect_keys().connect_key().await?;
    let (reason, why) = match key.verify(token, app.now()) {
        Ok(connect) => {
            let account = app.accounts().account(&connect.user).await?;
            if account.is_some_and(|account| key.is_of(&connect, &account)) {
                return Ok(connect);
            }
            ("token_revoked", "the secret it was made with is revoked, or its user is disabled".to_owned())
        }
        Err(wrong @ TokenError::Expired) => ("token_expired", wrong.to_string()),
        Err(wrong @ (TokenError::Malformed | TokenError::Forged)) => ("token_invalid", wrong.to_string()),
    };
    if let Some(source) = source {
        tokio::time::sleep(app.throttle().failed(source)).await;
    }
    Err(Error::new(ErrorCode::Unauthorized, format!("this connectUrl cannot be used: {why}"))
        .with_reason(reason)
        .with_hint(
            "read the session again: each GET brings a new one; connectTtlSeconds in the create makes them last longer",
        ))
}

/// Completes once the secret or the user behind a connection is gone, as far as it can be told.
pub(super) async fn revoked(app: Arc<App>, connect: Connect) {
    loop {
        tokio::time::sleep(RECHECK).await;
        let Ok(key) = app.connect_keys().connect_key().await else { continue };
        let Ok(account) = app.accounts().account(&connect.user).await else { continue };
        if !account.is_some_and(|account| key.is_of(&connect, &account)) {
            return;
        }
    }
}
