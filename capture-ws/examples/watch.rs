//! Watches a session and prints what happens there; after a dropped connection it goes on where it stopped.
//!
//! ```sh
//! cargo run -p capture-ws --example watch -- 127.0.0.1:8080 ZGV2OmRldg== sess_…
//! ```
#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for a terminal; a missing field of JSON reads as null"
)]

use std::{error::Error, time::Duration};

use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// The fields of a frame that this example reads; all others are ignored.
#[derive(Debug, Deserialize)]
struct Frame {
    method: Option<String>,
    epoch: Option<Value>,
    seq: Option<u64>,
    params: Option<Value>,
    result: Option<Value>,
    error: Option<Value>,
}

/// The last event that was printed, from which a new connection resumes.
#[derive(Debug, Default)]
struct Place {
    epoch: Value,
    seq: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(token), Some(session)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: watch HOST:PORT TOKEN SESSION".into());
    };
    let mut place = Place::default();
    loop {
        let mut socket = connect(&address, &token).await?;
        let code = watch(&mut socket, &session, &mut place).await?;
        // docs/channel.md defines the codes; these ones ask the client to reconnect.
        if !matches!(code, 1006 | 1011..=1013 | 4400..=4499) {
            return Ok(());
        }
        println!("closed with {code}; connecting again");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn connect(address: &str, token: &str) -> Result<WebSocketStream<TcpStream>, Box<dyn Error>> {
    let mut request = format!("ws://{address}/v1/stream").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    request.headers_mut().insert("sec-websocket-protocol", "capture.v1.msgpack".parse()?);
    let (socket, _response) = client_async(request, TcpStream::connect(address).await?).await?;
    Ok(socket)
}

/// Prints events until the connection closes. Returns its close code, or 1000 after the session's last event.
async fn watch(
    socket: &mut WebSocketStream<TcpStream>,
    session: &str,
    place: &mut Place,
) -> Result<u16, Box<dyn Error>> {
    let mut params = json!({"events": ["countdown", "console", "errors"], "countdownMs": 10_000});
    if place.seq > 0 {
        params["since"] = json!({"epoch": place.epoch, "seq": place.seq});
    }
    let subscribe = json!({"id": 1, "method": "session.subscribe", "sessionId": session, "params": params});
    socket.send(Message::Binary(rmp_serde::to_vec_named(&subscribe)?.into())).await?;
    while let Some(Ok(message)) = socket.next().await {
        let frame: Frame = match message {
            Message::Binary(bytes) => rmp_serde::from_slice(&bytes)?,
            Message::Close(frame) => return Ok(frame.map_or(1005, |frame| frame.code.into())),
            _ => continue,
        };
        if let Some(error) = frame.error {
            return Err(format!("refused: {error}").into());
        }
        if let Some(result) = &frame.result {
            println!("subscribed: {}", result["snapshot"]["url"]);
            for missed in result["events"].as_array().into_iter().flatten() {
                println!("{} {}", missed["method"], missed["params"]);
            }
            *place = Place { epoch: result["epoch"].clone(), seq: result["seq"].as_u64().unwrap_or(0) };
        }
        let Some(method) = frame.method else { continue };
        if let (Some(epoch), Some(seq)) = (frame.epoch, frame.seq) {
            *place = Place { epoch, seq };
        }
        println!("{method} {}", frame.params.unwrap_or_default());
        if method == "session.closed" {
            return Ok(1000);
        }
    }
    Ok(1006)
}
