//! Whether a connect token opens a session now, and until when a connection that it opened may stand.

use std::{sync::Arc, time::Duration};

use capture_core::{
    Error, ErrorCode,
    account::{CONNECT_LIFE, Connect, TokenError},
};

use crate::{app::App, client_address::Source};

/// Between two looks whether the secret behind an open connection still holds, as on channels.
const RECHECK: Duration = Duration::from_secs(60);

/// Whose token it is. Wrong ones are answered slower, as wrong secrets are.
pub(super) async fn judge(app: &App, token: &str, source: Option<Source>) -> Result<Connect, Error> {
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
        .with_hint(format!(
            "read the session again: each GET brings one that is good for {} s",
            CONNECT_LIFE.as_secs()
        )))
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
