//! A short conversation with the browser of a session, as one of its CDP clients: subject to the rules that apply to
//! every client, on whichever instance the session is.

use std::{sync::Arc, time::Duration};

use capture_core::{
    Caller, Connected, Error, ErrorCode,
    browser::{CdpClient, CdpEnd},
};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::client::generate_key, protocol::Role},
};

use super::{no_such_target, path, splice, token::Opening};
use crate::{app::App, client_address::Source};

/// How long a conversation may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// JSON-RPC's code for invalid parameters, with which Chromium answers to an unknown target.
const INVALID_PARAMS: i64 = -32_602;

/// A conversation. While it lasts it occupies one of the places for the session's clients.
pub(super) struct Talk {
    way: Way,
    asked: u64,
}

enum Way {
    Here(CdpClient),
    There(Box<WebSocketStream<TcpStream>>),
}

#[derive(Deserialize)]
struct Answer {
    id: Option<u64>,
    #[serde(default)]
    result: Value,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    code: i64,
    message: String,
}

/// Runs a conversation with the browser of the session that was opened, within [`PATIENCE`].
///
/// # Errors
/// The errors of connecting, the errors that `talk` returns, and `unavailable` when the time is up.
pub(super) async fn with<T>(
    app: &Arc<App>,
    opening: &Opening,
    source: Option<Source>,
    talk: impl AsyncFnOnce(&mut Talk) -> Result<T, Error>,
) -> Result<T, Error> {
    let talked = async {
        let mut with = Talk { way: way(app, opening, source).await?, asked: 0 };
        talk(&mut with).await
    };
    let late = || {
        let why = format!("the session's browser did not answer within {} s", PATIENCE.as_secs());
        Error::new(ErrorCode::Unavailable, why).with_reason("browser_busy").with_retry_after(Duration::from_secs(1))
    };
    tokio::time::timeout(PATIENCE, talked).await.unwrap_or_else(|_elapsed| Err(late()))
}

async fn way(app: &Arc<App>, opening: &Opening, source: Option<Source>) -> Result<Way, Error> {
    let Opening { token, connect } = opening;
    match app.sessions().connect(Caller::user(connect.user.clone()), connect.session, None).await? {
        Connected::Here(client) => Ok(Way::Here(client)),
        Connected::At(address) => {
            let wanted = splice::Wanted { address: &address, path: &path(None), key: &generate_key(), token, source };
            let far = splice::to(app, connect, wanted).await?;
            Ok(Way::There(Box::new(WebSocketStream::from_raw_socket(far, Role::Client, None).await)))
        }
    }
}

impl Talk {
    /// The result of a command that the filter for CDP clients permits.
    pub(super) async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        self.asked += 1;
        let command = json!({ "id": self.asked, "method": method, "params": params }).to_string();
        self.send(command).await?;
        loop {
            let text = self.next().await?;
            let Ok(answer) = serde_json::from_str::<Answer>(&text) else { continue };
            if answer.id == Some(self.asked) {
                return answer.error.map_or(Ok(answer.result), |refused| Err(refused.into()));
            }
        }
    }

    async fn send(&mut self, command: String) -> Result<(), Error> {
        match &mut self.way {
            Way::Here(client) => client.commands.send(&command).await.map_err(|end| over(&end)),
            Way::There(socket) => socket.send(Message::text(command)).await.map_err(|_gone| over(&CdpEnd::SessionOver)),
        }
    }

    async fn next(&mut self) -> Result<String, Error> {
        match &mut self.way {
            Way::Here(client) => {
                let frame = client.frames.next().await.ok_or_else(|| over(&client.commands.ended()))?;
                if let Some(shares) = &client.shares {
                    shares.outgoing.subtract(frame.len());
                }
                Ok(frame)
            }
            Way::There(socket) => match socket.next().await {
                Some(Ok(message)) => Ok(message.into_text().map(|text| text.to_string()).unwrap_or_default()),
                Some(Err(_)) | None => Err(over(&CdpEnd::SessionOver)),
            },
        }
    }
}

fn over(end: &CdpEnd) -> Error {
    Error::new(ErrorCode::Unavailable, format!("the session's browser says no more: {end}"))
        .with_reason("browser_gone")
        .with_retry_after(Duration::from_secs(1))
}

impl From<Refused> for Error {
    fn from(Refused { code, message }: Refused) -> Self {
        if code == INVALID_PARAMS {
            return no_such_target();
        }
        Self::new(ErrorCode::ActionFailed, message)
            .with_reason("refused")
            .with_hint("docs/cdp.md says what is refused, and why")
    }
}
