//! Payloads that are too large for a message: they are kept in Redis for a minute, in pieces, so that other commands do
//! not wait long for a large one.
//!
//! Pieces are stored and fetched one by one, and each piece waits for its own turn. Large payloads therefore share the
//! connection fairly, and small ones pass between their pieces.

use bytes::{Bytes, BytesMut};
use redis::{AsyncCommands as _, Client, SetExpiry, SetOptions};
use tokio::sync::Semaphore;

use super::{connection::RedisConnection, error::CommandError};

/// How long a payload is kept, in milliseconds.
const KEPT_MS: u64 = 60_000;
/// Payloads of at most this many bytes are stored as one piece, under their own name.
const WHOLE: usize = 8 << 20;
/// Bytes of a piece of a larger payload.
const PIECE: usize = 2 << 20;
/// Maximum number of pieces on their way at a time.
const AT_ONCE: usize = 2;
/// Stored under the name of a payload that is in pieces, followed by the number of pieces. No message begins with it.
const IN_PIECES: &[u8] = b"\xc1pieces:";

/// The connection for large payloads.
#[derive(Debug)]
pub(super) struct Large {
    connection: RedisConnection,
    turns: Semaphore,
}

impl Large {
    pub(super) fn new(client: Client) -> Self {
        Self { connection: RedisConnection::new(client), turns: Semaphore::new(AT_ONCE) }
    }

    /// Stores a payload under a name.
    pub(super) async fn put(&self, key: String, bytes: Bytes) -> Result<(), CommandError> {
        if bytes.len() <= WHOLE {
            return self.set(key, bytes).await;
        }
        let mut pieces = 0_usize;
        let mut left = bytes;
        while !left.is_empty() {
            let piece = left.split_to(PIECE.min(left.len()));
            self.set(piece_of(&key, pieces), piece).await?;
            pieces += 1;
        }
        // This is written last, so that a reader who finds it also finds all pieces.
        self.set(key, [IN_PIECES, pieces.to_string().as_bytes()].concat().into()).await
    }

    /// Removes and returns a payload; `None` when it is gone.
    pub(super) async fn take(&self, key: String) -> Result<Option<Bytes>, CommandError> {
        let Some(found) = self.get(key.clone()).await? else { return Ok(None) };
        let Some(pieces) = pieces(&found) else { return Ok(Some(found)) };
        let mut whole = BytesMut::new();
        for number in 0..pieces {
            let Some(piece) = self.get(piece_of(&key, number)).await? else { return Ok(None) };
            whole.extend_from_slice(&piece);
        }
        Ok(Some(whole.freeze()))
    }

    async fn set(&self, key: String, bytes: Bytes) -> Result<(), CommandError> {
        let _turn = self.turns.acquire().await.map_err(|_closed| CommandError::Closed)?;
        let options = SetOptions::default().with_expiration(SetExpiry::PX(KEPT_MS));
        self.connection.run(|mut connection| async move { connection.set_options(key, &*bytes, options).await }).await
    }

    async fn get(&self, key: String) -> Result<Option<Bytes>, CommandError> {
        let _turn = self.turns.acquire().await.map_err(|_closed| CommandError::Closed)?;
        let taken =
            self.connection.run(|mut connection| async move { connection.get_del::<_, Option<Vec<u8>>>(key).await });
        Ok(taken.await?.map(Bytes::from))
    }
}

fn piece_of(key: &str, number: usize) -> String {
    format!("{key}:{number}")
}

/// The number of pieces, if the stored value says that the payload is in pieces.
fn pieces(found: &[u8]) -> Option<usize> {
    std::str::from_utf8(found.strip_prefix(IN_PIECES)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_pieces_is_taken_for_it() {
        assert_eq!(pieces(&[IN_PIECES, b"32"].concat()), Some(32));
        for other in [&b"pieces:3"[..], b"", b"\xc1pieces:", b"\xc1pieces:x", b"\x81\xa5Large"] {
            assert_eq!(pieces(other), None, "{other:?}");
        }
    }
}
