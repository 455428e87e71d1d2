//! Detects the end of a session by asking the server for it in intervals.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;

use super::upstream::{Unreachable, Upstream, whole};
use crate::failure::Failure;

/// Interval between two requests, unless the session expires earlier.
const LOOK: Duration = Duration::from_secs(2);
/// How long the server may be unreachable.
const PATIENCE: Duration = Duration::from_secs(30);

/// The result of one request.
enum Seen {
    /// The session is active, at most for this long.
    Active(Duration),
    /// The session has ended, for this reason.
    Ended(String),
    /// The server refuses, and will do so again.
    Refused(String),
    /// The server did not answer.
    Unknown(String),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Told {
    error: Option<String>,
    expires_in_seconds: u64,
    session: Session,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Session {
    status: String,
    close_reason: Option<String>,
    options: Options,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Options {
    cdp: bool,
}

/// Fails unless the session can be forwarded.
pub(super) async fn present(upstream: &Upstream) -> Result<(), Failure> {
    let why = match look(upstream).await {
        Seen::Active(_) => return Ok(()),
        Seen::Ended(why) => format!("session {} has ended: {why}", upstream.session),
        Seen::Refused(why) | Seen::Unknown(why) => why,
    };
    Err(Failure::Forward(why))
}

/// Completes with the reason when the session has ended, or with an error when its state can no longer be determined.
pub(super) async fn end(upstream: &Upstream) -> Result<String, Failure> {
    let mut known = Instant::now();
    loop {
        let mut pause = LOOK;
        match look(upstream).await {
            Seen::Active(left) => {
                known = Instant::now();
                pause = pause.min(left);
            }
            Seen::Ended(why) => return Ok(why),
            Seen::Refused(why) => return Err(Failure::Forward(why)),
            Seen::Unknown(why) if known.elapsed() >= PATIENCE => return Err(Failure::Forward(why)),
            Seen::Unknown(_) => {}
        }
        tokio::time::sleep(pause).await;
    }
}

async fn look(upstream: &Upstream) -> Seen {
    match ask(upstream).await {
        Ok((status, told)) => seen(status, told),
        Err(why) => Seen::Unknown(why.to_string()),
    }
}

async fn ask(upstream: &Upstream) -> Result<(StatusCode, Told), Unreachable> {
    let answer = upstream.ask(Method::GET, &format!("/v1/sessions/{}", upstream.session), None).await?;
    let status = answer.status();
    Ok((status, serde_json::from_slice(&whole(answer.into_body()).await?).unwrap_or_default()))
}

fn seen(status: StatusCode, told: Told) -> Seen {
    let error = told.error.unwrap_or_else(|| format!("the server answers {status}"));
    match status {
        StatusCode::OK if !told.session.options.cdp => {
            Seen::Refused("the session was not created with \"cdp\": true".to_owned())
        }
        StatusCode::OK if told.session.status == "active" => {
            Seen::Active(Duration::from_secs(told.expires_in_seconds.max(1)))
        }
        StatusCode::OK => Seen::Ended(told.session.close_reason.unwrap_or(told.session.status)),
        StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Seen::Refused(error),
        _ => Seen::Unknown(error),
    }
}
