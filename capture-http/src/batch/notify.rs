//! Tells a user that a batch is done: one signed POST, through the guard that also judges the connections of pages.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use capture_core::egress::Failure;
use hyper::{
    Request, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, USER_AGENT},
};
use tokio::time::timeout;

use super::{
    record::{Attempt, Batch, Notification},
    view,
};
use crate::{
    app::App,
    outgoing::{self, NoAnswer},
    signed::{SIGNATURE, sign_body},
};

/// How long resolving, connecting, sending and the answer may take together.
const TRY: Duration = Duration::from_secs(10);

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    /// The user has no secret any more that signs, or the server no guard: trying again would not help.
    #[error("{0}")]
    Impossible(&'static str),
    #[error(transparent)]
    Connection(#[from] Failure),
    #[error(transparent)]
    Answer(#[from] NoAnswer),
    #[error("it was answered {0}, and redirects are not followed")]
    Redirect(StatusCode),
    #[error("it was answered {0}")]
    Status(StatusCode),
    #[error("there was no answer within {} s", TRY.as_secs())]
    Late,
    #[error(transparent)]
    Own(#[from] capture_core::Error),
}

/// Sends the notification of a batch once.
pub(super) async fn send(app: &App, batch: &Batch, notification: &Notification) -> Attempt {
    match timeout(TRY, post(app, batch, notification)).await.unwrap_or(Err(NotSent::Late)) {
        Ok(()) => Attempt::Delivered,
        Err(why @ (NotSent::Impossible(_) | NotSent::Connection(Failure::Blocked(_)))) => {
            Attempt::Refused(why.to_string())
        }
        Err(why) => Attempt::Failed(why.to_string()),
    }
}

async fn post(app: &App, batch: &Batch, notification: &Notification) -> Result<(), NotSent> {
    let settings = app.settings();
    let body = view::notification(settings.public_url.as_ref(), batch).to_string();
    let account = app.accounts().account(&batch.user).await.map_err(capture_core::Error::from)?;
    let account = account.ok_or(NotSent::Impossible("the account does not exist any more"))?;
    let signature = sign_body(&settings.signing, &account, body.as_bytes())
        .ok_or(NotSent::Impossible("no secret of the account can sign"))?;
    let signature = HeaderValue::from_str(&signature).map_err(capture_core::Error::internal)?;
    let guard = settings.guard.as_ref().ok_or(NotSent::Impossible("this server makes no connections"))?;
    let (host, port) = outgoing::target(&notification.uri).ok_or(NotSent::Impossible("its address names no host"))?;
    let whose: Arc<str> = batch.user.as_ref().into();
    let stream = guard.connect(host, port, &whose).await?;
    let request = Request::post("/")
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "capture")
        .header(SIGNATURE, signature)
        .body(Body::from(body))
        .map_err(capture_core::Error::internal)?;
    let status = outgoing::exchange(stream, &notification.uri, request).await?.status();
    match status {
        _ if status.is_success() => Ok(()),
        _ if status.is_redirection() => Err(NotSent::Redirect(status)),
        _ => Err(NotSent::Status(status)),
    }
}
