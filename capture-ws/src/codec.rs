//! Frames as bytes: JSON in text frames, MessagePack with named maps in binary frames. Both represent equal values.
//!
//! Knows nothing of what the frames mean.

use bytes::Bytes;
use capture_core::{event::WireForm, strict::Strict};
use serde::{Serialize, de::DeserializeSeed};
use serde_json::Value;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::close::CloseCode;

/// How the frames of a connection are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// JSON in text frames.
    Json,
    /// MessagePack in binary frames.
    MessagePack,
}

/// Why a message is not a frame, and which close code follows from that.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    /// A text message where the codec uses binary messages, or the other way round.
    #[error("{0}")]
    WrongKind(&'static str),
    /// The bytes are not a value, or not one that the protocol accepts.
    #[error("not a frame: {0}")]
    BadFrame(NotAValue),
}

/// Why bytes are not exactly one value that the protocol accepts.
#[derive(Debug, thiserror::Error)]
pub enum NotAValue {
    /// Not JSON, or JSON that is not accepted.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Not MessagePack, or MessagePack that is not accepted.
    #[error(transparent)]
    MessagePack(#[from] rmp_serde::decode::Error),
    /// There is more after the value.
    #[error("{0} bytes after its end")]
    Trailing(usize),
}

/// Why a frame could not be encoded; always a defect of the server.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Not as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Not as MessagePack.
    #[error(transparent)]
    MessagePack(#[from] rmp_serde::encode::Error),
}

impl Undecodable {
    /// The close code for this error.
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::WrongKind(_) => CloseCode::WrongKind,
            Self::BadFrame(_) => CloseCode::BadFrame,
        }
    }
}

impl Codec {
    /// All codecs, in the order the server prefers them.
    pub const ALL: [Self; 2] = [Self::MessagePack, Self::Json];

    /// The WebSocket subprotocol that selects this codec.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::MessagePack => "capture.v1.msgpack",
            Self::Json => "capture.v1.json",
        }
    }

    /// The wire form in which an event is cached for this codec.
    pub fn form(self) -> WireForm {
        match self {
            Self::MessagePack => WireForm::MessagePack,
            Self::Json => WireForm::Json,
        }
    }

    /// Encodes a frame.
    ///
    /// # Errors
    /// A frame that cannot be serialised; always a defect of the server.
    pub fn encode(self, frame: &impl Serialize) -> Result<Bytes, EncodeError> {
        let bytes = match self {
            Self::Json => serde_json::to_vec(frame)?,
            Self::MessagePack => rmp_serde::to_vec_named(frame)?,
        };
        Ok(bytes.into())
    }

    /// Wraps the bytes of a frame in a WebSocket message.
    pub fn message(self, frame: Bytes) -> Message {
        match self {
            Self::MessagePack => Message::Binary(frame),
            Self::Json => match Utf8Bytes::try_from(frame) {
                Ok(text) => Message::Text(text),
                Err(_never) => Message::Text(Utf8Bytes::from_static("{}")),
            },
        }
    }

    /// Decodes the value in a message, with at most `levels` nested arrays and objects.
    ///
    /// # Errors
    /// The message is of the wrong kind, is not exactly one value, or is nested too deeply.
    pub fn decode(self, message: &Message, levels: usize) -> Result<Value, Undecodable> {
        match (self, message) {
            (Self::Json, Message::Text(text)) => json(text.as_bytes(), levels).map_err(Undecodable::BadFrame),
            (Self::MessagePack, Message::Binary(bytes)) => message_pack(bytes, levels).map_err(Undecodable::BadFrame),
            (Self::Json, _) => Err(Undecodable::WrongKind("this channel speaks JSON in text frames")),
            (Self::MessagePack, _) => Err(Undecodable::WrongKind("this channel speaks MessagePack in binary frames")),
        }
    }
}

fn json(text: &[u8], levels: usize) -> Result<Value, NotAValue> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { levels }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

fn message_pack(mut bytes: &[u8], levels: usize) -> Result<Value, NotAValue> {
    let mut deserializer = rmp_serde::Deserializer::new(&mut bytes);
    // The deserializer counts depth differently; the limit in the protocol is the one that `Strict` enforces.
    deserializer.set_max_depth(levels + 1);
    let value = Strict { levels }.deserialize(&mut deserializer)?;
    if bytes.is_empty() { Ok(value) } else { Err(NotAValue::Trailing(bytes.len())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(codec: Codec, bytes: &[u8]) -> Result<Value, Undecodable> {
        codec.decode(&codec.message(Bytes::copy_from_slice(bytes)), 64)
    }

    #[test]
    fn both_codecs_carry_the_same_values() {
        let frame = json!({"id": 1, "method": "session.act", "params": {"n": [0, -1, 1.5, 1.968_212_781_457_916e-18, u64::MAX, i64::MIN, null, true],
            "text": "ä\u{1F600}\"\\", "deep": {"a": {"b": [[]]}}}});
        for codec in Codec::ALL {
            assert_eq!(decode(codec, &codec.encode(&frame).unwrap()).unwrap(), frame, "{codec:?}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let too_deep = |open: u8| [vec![open; 65], vec![0xc0; 1]].concat();
        for (codec, bytes) in [
            (Codec::Json, &b"{"[..]),
            (Codec::Json, b"{} {}"),
            (Codec::Json, b""),
            (Codec::Json, b"{\"a\":1,\"a\":2}"),
            (Codec::Json, b"{\"a\":1e999}"),
            (Codec::Json, &[b'['; 65]),
            (Codec::MessagePack, &[]),
            (Codec::MessagePack, &[0xc0, 0xc0]), // bytes after its end
            (Codec::MessagePack, &[0xc4, 1, 0]), // bin
            (Codec::MessagePack, &[0xd4, 1, 0]), // ext
            (Codec::MessagePack, &[0xc1]),       // never used
            (Codec::MessagePack, &[0x81, 1, 2]), // a key that is not text
            (Codec::MessagePack, &[0x82, 0xa1, b'a', 1, 0xa1, b'a', 2]), // a duplicate key
            (Codec::MessagePack, &[0xa1, 0xff]), // not UTF-8
            (Codec::MessagePack, &[0xdd, 0xff, 0xff, 0xff, 0xff]), // announces four billion elements and sends none
            (Codec::MessagePack, &[0xdb, 0xff, 0xff, 0xff, 0xff]), // announces four billion characters and sends none
            (Codec::MessagePack, &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), // not a number
            (Codec::MessagePack, &too_deep(0x91)),
        ] {
            let refused = decode(codec, bytes).map_err(|error| error.close_code());
            assert_eq!(refused.err(), Some(CloseCode::BadFrame), "{codec:?} {bytes:?}");
        }
    }

    #[test]
    fn the_other_kind_of_message_is_not_taken() {
        for (codec, other) in [(Codec::Json, Codec::MessagePack), (Codec::MessagePack, Codec::Json)] {
            let message = other.message(other.encode(&json!({})).unwrap());
            assert_eq!(codec.decode(&message, 64).unwrap_err().close_code(), CloseCode::WrongKind);
        }
    }
}
