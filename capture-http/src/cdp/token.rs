//! Checks whether a connect token opens a session now, and until when its connection may stay open.

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

/// Interval between two checks of whether the secret behind an open connection is still valid, as on channels.
const RECHECK: Duration = Duration::from_secs(60);

/// The query parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Presented {
    #[serde(default)]
    pub(super) token: String,
    /// The session, for clients that send credentials in the header instead of a token.
    pub(super) session_id: Option<String>,
    /// The address that a new page opens.
    pub(super) url: Option<String>,
}

/// A token that opens a session now.
pub(super) struct Opening {
    pub(super) token: String,
    pub(super) connect: Connect,
}

/// What the token in the address opens, or the session named in the query with the credentials in the header.
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
    // From here on this token replaces the header: towards another instance, and in the checks of whether the secret is
    // still valid.
    let token = key.mint(session, &grant.user, &grant.secret, app.now().plus(CONNECT_LIFE));
    let connect = judge(app, &token, None).await?;
    Ok(Opening { token, connect })
}

/// Checks a token and finds its owner. Refusals of wrong tokens are delayed like those of wrong secrets.
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
            "read the session again: each GET has a new one; connectTtlSeconds in the create makes them last longer",
        ))
}

/// Completes once the user or the secret behind a connection is gone, as far as this can be determined.
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
