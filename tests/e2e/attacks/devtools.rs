//! A client of `connectUrl` without a library, which can send what no library would.

use std::{collections::VecDeque, time::Duration};

use futures::{SinkExt, StreamExt};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error as WsError, Message},
};

/// Longer than any answer takes.
const HANGS: Duration = Duration::from_secs(10);
/// Longer than any event takes that arrives at all.
const EVENT: Duration = Duration::from_secs(2);
/// Number of events that are kept until a test asks for them.
const KEPT: usize = 200;

/// A connection to the browser of a session.
#[derive(Debug)]
pub(crate) struct Devtools {
    socket: WebSocketStream<TcpStream>,
    ids: u64,
    events: VecDeque<Value>,
}

impl Devtools {
    /// Connects.
    ///
    /// # Errors
    /// The status of the refusal.
    pub(crate) async fn connect(url: &str) -> Result<Self, u16> {
        let address = Url::parse(url).unwrap().socket_addrs(|| None).unwrap()[0];
        let stream = TcpStream::connect(address).await.unwrap();
        match timeout(HANGS, client_async(url, stream)).await.expect("connecting hangs") {
            Ok((socket, _)) => Ok(Self { socket, ids: 0, events: VecDeque::new() }),
            Err(WsError::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("cannot connect: {error}"),
        }
    }

    /// Sends a command, to a page where one is named. Returns the whole answer, or why there is none.
    pub(crate) async fn ask(&mut self, page: Option<&str>, method: &str, params: Value) -> Result<Value, String> {
        self.ids += 1;
        let mut message = json!({"id": self.ids, "method": method, "params": params});
        if let Some(page) = page {
            message["sessionId"] = page.into();
        }
        self.send(Message::text(message.to_string())).await;
        self.answer(self.ids).await
    }

    /// Sends any message.
    pub(crate) async fn send(&mut self, message: Message) {
        // An error means that the connection is closed, which the next read reports.
        let _ = self.socket.send(message).await;
    }

    /// The answer with this id, or why there is none.
    async fn answer(&mut self, id: u64) -> Result<Value, String> {
        let answered = async {
            loop {
                let message = self.next().await?;
                if message["id"] == id {
                    return Ok(message);
                }
                self.keep(message);
            }
        };
        timeout(HANGS, answered).await.unwrap_or_else(|_| Err("no answer".to_owned()))
    }

    /// The parameters of the next event of this name; null where none arrives.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        let happened = async {
            loop {
                let at = self.events.iter().position(|event| event["method"] == name);
                if let Some(mut event) = at.and_then(|at| self.events.remove(at)) {
                    return event["params"].take();
                }
                match self.next().await {
                    Ok(message) => self.keep(message),
                    Err(_gone) => return Value::Null,
                }
            }
        };
        timeout(EVENT, happened).await.unwrap_or_default()
    }

    async fn next(&mut self) -> Result<Value, String> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).map_err(|error| error.to_string()),
                Some(Ok(Message::Close(why))) => return Err(format!("closed: {why:?}")),
                Some(Ok(_)) => {}
                other => return Err(format!("gone: {other:?}")),
            }
        }
    }

    fn keep(&mut self, message: Value) {
        self.events.push_back(message);
        if self.events.len() > KEPT {
            self.events.pop_front();
        }
    }

    /// Opens a page. Returns its id and the id of a CDP session attached to it.
    pub(crate) async fn open_page(&mut self) -> Result<(String, String), String> {
        let made = self.ask(None, "Target.createTarget", json!({"url": "about:blank"})).await?;
        let target = made["result"]["targetId"].as_str().ok_or_else(|| format!("no page: {made}"))?.to_owned();
        let flat = json!({"targetId": target, "flatten": true});
        let attached = self.ask(None, "Target.attachToTarget", flat).await?;
        let session = attached["result"]["sessionId"].as_str().ok_or_else(|| format!("not attached: {attached}"))?;
        Ok((target, session.to_owned()))
    }

    /// The value of an expression in a page.
    pub(crate) async fn evaluate(&mut self, page: &str, expression: &str) -> Result<Value, String> {
        let params =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let answer = self.ask(Some(page), "Runtime.evaluate", params).await?;
        Ok(answer["result"]["result"]["value"].clone())
    }
}
