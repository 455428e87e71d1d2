//! A WebSocket client over a plain socket, which can send what no library would.

use std::time::Duration;

use capture_ws::codec::Codec;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpSocket,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// First byte of a text frame that is the last of its message.
pub const TEXT: u8 = 0x81;
/// First byte of a binary frame that is the last of its message.
pub const BINARY: u8 = 0x82;
/// First byte of a close frame.
pub const CLOSE: u8 = 0x88;
/// First byte of a ping.
pub const PING: u8 = 0x89;
/// First byte of a pong.
pub const PONG: u8 = 0x8A;
/// Mask for a first byte: with it the frame is not the last of its message.
pub const NOT_LAST: u8 = 0x80;

/// Longer than any deadline in these stories.
const HANGS: Duration = Duration::from_secs(30);
/// Length values announcing that the length follows in two bytes, or in eight.
const IN_TWO: u8 = 0x7E;
const IN_EIGHT: u8 = 0x7F;
/// Receive buffer in bytes, small so that little unread data is held in the kernel.
const RECEIVE_BUFFER: u32 = 64 << 10;
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
const MASKED: u8 = 0x80;

/// A connection whose halves can be used independently.
#[derive(Debug)]
pub struct RawSocket {
    /// Sends.
    pub sender: RawSender,
    /// Receives.
    pub receiver: RawReceiver,
}

/// The sending half.
#[derive(Debug)]
pub struct RawSender(OwnedWriteHalf);

/// The receiving half.
#[derive(Debug)]
pub struct RawReceiver(OwnedReadHalf);

/// A frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// The first byte of the frame.
    pub first: u8,
    /// The payload of the frame.
    pub payload: Vec<u8>,
}

impl RawSocket {
    /// Connects; an empty token is not sent, so the connection is unauthenticated.
    pub async fn open(address: &str, token: &str, codec: Codec) -> Self {
        Self::try_open(address, token, codec).await.expect("the channel opens")
    }

    /// Connects to a server that may refuse; `None` if it does.
    pub async fn try_open(address: &str, token: &str, codec: Codec) -> Option<Self> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
        let stream = socket.connect(address.parse().unwrap()).await.ok()?;
        stream.set_nodelay(true).unwrap();
        let (reading, writing) = stream.into_split();
        let mut socket = Self { sender: RawSender(writing), receiver: RawReceiver(reading) };
        let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let request = format!(
            "GET /v1/stream HTTP/1.1\r\nHost: {address}\r\n{bearer}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\
             Sec-WebSocket-Protocol: {}\r\n\r\n",
            codec.subprotocol()
        );
        let upgraded = socket.sender.send(request.as_bytes()).await && socket.receiver.upgraded().await;
        upgraded.then_some(socket)
    }

    /// Waits for the server's close code, and discards what arrives before it. `None` when the connection ends without
    /// one.
    pub async fn close_code(&mut self) -> Option<u16> {
        self.receiver.close_code().await
    }

    /// Sends bytes, and returns the close code that follows.
    pub async fn closed_by(mut self, bytes: &[u8]) -> Option<u16> {
        self.sender.send(bytes).await;
        self.close_code().await
    }
}

impl RawSender {
    /// Sends bytes unchanged; false once the server is gone.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Closes the sending direction only.
    pub async fn half_close(mut self) {
        let _ = self.0.shutdown().await; // the connection may be closed already
    }
}

impl RawReceiver {
    /// Whether the upgrade is granted; reads up to the empty line of the answer.
    async fn upgraded(&mut self) -> bool {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            match timeout(HANGS, self.0.read_u8()).await.expect("the upgrade hangs") {
                Ok(byte) => answer.push(byte),
                Err(_gone) => return false,
            }
        }
        answer.starts_with(b"HTTP/1.1 101 ")
    }

    /// The next frame; `None` when the server is gone.
    pub async fn next(&mut self) -> Option<Received> {
        timeout(HANGS, self.read()).await.expect("the server says nothing and stays")
    }

    async fn read(&mut self) -> Option<Received> {
        let [first, second] = self.bytes().await?;
        let length = match second {
            IN_TWO => u16::from_be_bytes(self.bytes().await?).into(),
            IN_EIGHT => u64::from_be_bytes(self.bytes().await?),
            short => short.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Received { first, payload })
    }

    async fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).await.ok()?;
        Some(bytes)
    }

    /// Waits for the server's close code, and discards what arrives before it.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            let frame = self.next().await?;
            if frame.first == CLOSE {
                return Some(u16::from_be_bytes([frame.payload[0], frame.payload[1]]));
            }
        }
    }
}

/// A whole frame with a mask, as a client must send it.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    header(first, MASKED, payload.len() as u64).into_iter().chain(MASK).chain(masked).collect()
}

/// A frame without a mask, which only servers may send.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [header(first, 0, payload.len() as u64), payload.to_vec()].concat()
}

/// The beginning of a frame that announces this length.
pub fn claim(first: u8, length: u64) -> Vec<u8> {
    header(first, MASKED, length).into_iter().chain(MASK).collect()
}

fn header(first: u8, masked: u8, length: u64) -> Vec<u8> {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..IN_TWO), _) => vec![first, masked | short],
        (_, Ok(medium)) => [&[first, masked | IN_TWO], &medium.to_be_bytes()[..]].concat(),
        _ => [&[first, masked | IN_EIGHT], &length.to_be_bytes()[..]].concat(),
    }
}
