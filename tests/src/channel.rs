//! A client of the streaming channel. Every frame of the server is checked against `/asyncapi.json` before a test
//! sees it.

use std::{
    collections::{HashMap, VecDeque},
    sync::OnceLock,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use capture_ws::{asyncapi, codec::Codec};
use futures::{SinkExt, StreamExt};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error as WsError, Message, client::IntoClientRequest, http::Response},
};

/// Longer than any deadline of the server.
const HANGS: Duration = Duration::from_secs(75);

/// A connection of a client.
#[derive(Debug)]
pub struct Channel {
    socket: WebSocketStream<TcpStream>,
    codec: Codec,
    ids: u64,
    methods: HashMap<u64, String>,
    answers: HashMap<u64, Value>,
    /// Events that arrived and were not yet taken by a test.
    pub events: VecDeque<Value>,
    /// Every MessagePack frame as it arrived.
    pub raw: Vec<Bytes>,
    closed: Option<u16>,
}

/// A request to connect.
#[derive(Debug, Clone)]
pub struct Connect<'a> {
    /// Host and port of the server.
    pub address: &'a str,
    /// The bearer token; an empty one is not sent.
    pub token: &'a str,
    /// The subprotocols that are offered.
    pub protocols: &'a str,
    /// The `Origin` header that a browser would send.
    pub origin: Option<&'a str>,
}

impl Connect<'_> {
    /// Connects.
    ///
    /// # Errors
    /// The HTTP response that refused the connection.
    pub async fn try_open(&self) -> Result<(WebSocketStream<TcpStream>, Codec), Response<Option<Vec<u8>>>> {
        match timeout(HANGS, self.reach()).await.expect("connecting hangs") {
            Ok(opened) => Ok(opened),
            Err(WsError::Http(response)) => Err(*response),
            Err(error) => panic!("cannot connect: {error}"),
        }
    }

    /// Connects to a server that may be gone. `None` when it does not answer, or refuses.
    pub async fn open_if_there(&self) -> Option<(WebSocketStream<TcpStream>, Codec)> {
        timeout(HANGS, self.reach()).await.ok()?.ok()
    }

    async fn reach(&self) -> Result<(WebSocketStream<TcpStream>, Codec), WsError> {
        let mut request = format!("ws://{}/v1/stream", self.address).into_client_request().unwrap();
        let headers = request.headers_mut();
        if !self.token.is_empty() {
            headers.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        }
        if !self.protocols.is_empty() {
            headers.insert("sec-websocket-protocol", self.protocols.parse().unwrap());
        }
        if let Some(origin) = self.origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (socket, response) = client_async(request, stream).await?;
        let chosen = response.headers()["sec-websocket-protocol"].to_str().unwrap();
        let codec = Codec::ALL.into_iter().find(|codec| codec.subprotocol() == chosen).unwrap();
        Ok((socket, codec))
    }
}

impl Channel {
    /// Opens a connection that authenticates with a bearer token.
    pub async fn open(address: &str, token: &str, codec: Codec) -> Self {
        let connect = Connect { address, token, protocols: codec.subprotocol(), origin: None };
        let (socket, codec) = connect.try_open().await.expect("the channel opens");
        Self::over(socket, codec)
    }

    /// A channel over a connection that is already open.
    pub fn over(socket: WebSocketStream<TcpStream>, codec: Codec) -> Self {
        let (methods, answers) = (HashMap::new(), HashMap::new());
        Self { socket, codec, ids: 0, methods, answers, events: VecDeque::new(), raw: Vec::new(), closed: None }
    }

    /// Sends a request and returns its id.
    pub async fn send(&mut self, method: &str, session: &str, key: &str, params: Value) -> u64 {
        self.ids += 1;
        let mut frame = json!({"id": self.ids, "method": method, "params": params});
        if !session.is_empty() {
            frame["sessionId"] = session.into();
        }
        if !key.is_empty() {
            frame["key"] = key.into();
        }
        self.methods.insert(self.ids, method.to_owned());
        self.send_frame(&frame).await;
        self.ids
    }

    /// Sends any frame.
    pub async fn send_frame(&mut self, frame: &Value) {
        let message = self.codec.message(self.codec.encode(frame).unwrap());
        // An error means that the server has closed, which the next read reports.
        let _ = self.socket.send(message).await;
    }

    /// Sends any message.
    pub async fn send_message(&mut self, message: Message) {
        // An error means that the server has closed, which the next read reports.
        let _ = self.socket.send(message).await;
    }

    /// Waits for the answer to a request, success or error.
    pub async fn answer(&mut self, id: u64) -> Value {
        let answer = self.try_answer(id).await;
        answer.unwrap_or_else(|| panic!("closed {:?} before the answer to {id}", self.closed))
    }

    /// Waits for the answer to a request; `None` once the connection is closed, for servers that may be gone.
    pub async fn try_answer(&mut self, id: u64) -> Option<Value> {
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return Some(answer);
            }
            if !self.take().await {
                return None;
            }
        }
    }

    /// Sends a request and returns its answer.
    pub async fn ask(&mut self, method: &str, session: &str, key: &str, params: Value) -> Value {
        let id = self.send(method, session, key, params).await;
        self.answer(id).await
    }

    /// Sends a request that must succeed, and returns its result.
    pub async fn request(&mut self, method: &str, session: &str, params: Value) -> Value {
        let answer = self.ask(method, session, "", params).await;
        assert_eq!(answer["type"], "success", "{method}: {answer}");
        answer["result"].clone()
    }

    /// Runs an action that must succeed, and returns its reply.
    pub async fn act(&mut self, session: &str, kind: &str, payload: Value) -> Value {
        let key = format!("k-{}", self.ids + 1);
        let answer = self.ask("session.act", session, &key, json!({"type": kind, "payload": payload})).await;
        assert_eq!(answer["type"], "success", "{kind}: {answer}");
        answer["result"].clone()
    }

    /// Waits for the next event of this name, and discards those before it.
    pub async fn event(&mut self, method: &str) -> Value {
        loop {
            while let Some(event) = self.events.pop_front() {
                if event["method"] == method {
                    return event;
                }
            }
            assert!(self.take().await, "closed {:?} before {method}", self.closed);
        }
    }

    /// Waits for one event of each name, in any order, and discards the others.
    pub async fn events_of<const N: usize>(&mut self, methods: [&str; N]) -> [Value; N] {
        let mut found = [const { None }; N];
        while let Some(missing) = found.iter().position(Option::is_none) {
            while let Some(event) = self.events.pop_front() {
                if let Some(at) = methods.iter().position(|method| event["method"] == *method) {
                    found[at].get_or_insert(event);
                }
            }
            if found.iter().any(Option::is_none) {
                assert!(self.take().await, "closed {:?} before {}", self.closed, methods[missing]);
            }
        }
        found.map(Option::unwrap)
    }

    /// Waits for the server's close code, and discards what arrives before it.
    pub async fn close_code(&mut self) -> u16 {
        while self.take().await {}
        self.closed.unwrap_or(1006)
    }

    /// Drops the connection without a close frame.
    pub fn drop_connection(self) {
        drop(self.socket.into_inner());
    }

    /// Reads one frame; false once the connection is closed.
    pub async fn take(&mut self) -> bool {
        let Some(frame) = self.next_frame().await else { return false };
        match frame["type"].as_str() {
            Some("event") => self.events.push_back(frame),
            Some(_) => drop(self.answers.insert(frame["id"].as_u64().unwrap(), frame)),
            None => assert_eq!(frame, json!({}), "filler"),
        }
        true
    }

    /// Waits for the next frame; `None` once the connection is closed.
    pub async fn next_frame(&mut self) -> Option<Value> {
        loop {
            let message = timeout(HANGS, self.socket.next()).await.expect("the channel hangs")?;
            match message {
                Ok(Message::Text(text)) if self.codec == Codec::Json => {
                    return Some(self.checked(serde_json::from_str(&text).unwrap()));
                }
                Ok(Message::Binary(bytes)) if self.codec == Codec::MessagePack => {
                    self.raw.push(bytes.clone());
                    return Some(self.checked(value(&bytes)));
                }
                Ok(Message::Close(frame)) => self.closed = frame.map(|frame| frame.code.into()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(other) => panic!("another kind of message: {other:?}"),
                Err(_gone) => return None,
            }
        }
    }

    fn checked(&mut self, frame: Value) -> Value {
        let name = match frame["type"].as_str() {
            Some("event") => format!("event.{}", frame["method"].as_str().unwrap()),
            Some("success") => {
                let method = frame["id"].as_u64().and_then(|id| self.methods.get(&id));
                let Some(method) = method else { return frame };
                format!("success.{method}")
            }
            Some("error") => "error".to_owned(),
            _ => return frame,
        };
        check(&name, &frame);
        frame
    }
}

/// Checks a frame against the schema that `/asyncapi.json` has for the message of this name.
pub fn check(name: &str, frame: &Value) {
    let validator = validators().get(name).unwrap_or_else(|| panic!("the document knows no {name}"));
    if let Err(error) = validator.validate(frame) {
        panic!("{name} breaks its schema: {error}\n{frame:#}");
    }
}

fn validators() -> &'static HashMap<String, Validator> {
    static VALIDATORS: OnceLock<HashMap<String, Validator>> = OnceLock::new();
    VALIDATORS.get_or_init(|| {
        let document = asyncapi::document();
        let messages = document["components"]["messages"].as_object().unwrap();
        let validator = |payload: &Value| jsonschema::validator_for(payload).unwrap();
        messages.iter().map(|(name, message)| (name.clone(), validator(&message["payload"]))).collect()
    })
}

/// Converts MessagePack to the value that JSON would have: bytes become Base64, under the name that JSON has for them.
pub fn value(bytes: &Bytes) -> Value {
    let mut rest = &bytes[..];
    let read = rmpv::decode::read_value(&mut rest).unwrap();
    assert!(rest.is_empty(), "bytes after the frame");
    as_json(read)
}

fn as_json(value: rmpv::Value) -> Value {
    match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(flag) => flag.into(),
        rmpv::Value::Integer(number) => number.as_u64().map_or_else(|| number.as_i64().into(), Value::from),
        rmpv::Value::F32(number) => number.into(),
        rmpv::Value::F64(number) => number.into(),
        rmpv::Value::String(text) => text.into_str().unwrap().into(),
        rmpv::Value::Binary(_) => panic!("bytes without a name"),
        rmpv::Value::Array(items) => items.into_iter().map(as_json).collect::<Vec<_>>().into(),
        rmpv::Value::Map(entries) => entries.into_iter().map(entry).collect::<Map<_, _>>().into(),
        rmpv::Value::Ext(..) => panic!("no frame has extensions"),
    }
}

fn entry((key, value): (rmpv::Value, rmpv::Value)) -> (String, Value) {
    let key = key.as_str().unwrap().to_owned();
    assert!(!key.ends_with("Base64"), "{key}: bytes are bytes in MessagePack");
    match value {
        rmpv::Value::Binary(bytes) => (format!("{key}Base64"), STANDARD.encode(bytes).into()),
        value => (key, as_json(value)),
    }
}
