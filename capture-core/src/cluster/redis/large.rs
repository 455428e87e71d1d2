//! What is too large for a message: kept in Redis for a minute, in pieces, so that nothing else waits long for a large
//! one.
//!
//! Whoever has something to put or take does so piece by piece and gets in line anew for each: large things share the
//! connection fairly, and small ones pass between their pieces.

use bytes::{Bytes, BytesMut};
use redis::{AsyncCommands as _, Client, SetExpiry, SetOptions};
use tokio::sync::Semaphore;

use super::connection::RedisConnection;

/// How long it is kept.
const KEPT_MS: u64 = 60_000;
/// Up to this it is kept as one piece, under its own name.
const WHOLE: usize = 8 << 20;
/// A piece of what is larger.
const PIECE: usize = 2 << 20;
/// Pieces on their way at a time.
const AT_ONCE: usize = 2;
/// Stands under the name of what is in pieces, before their number. No message begins so.
const IN_PIECES: &[u8] = b"\xc1pieces:";

/// The connection for what is large.
#[derive(Debug)]
pub(super) struct Large {
    connection: RedisConnection,
    turns: Semaphore,
}

impl Large {
    pub(super) fn new(client: Client) -> Self {
        Self { connection: RedisConnection::new(client), turns: Semaphore::new(AT_ONCE) }
    }

    /// Keeps bytes under a name.
    pub(super) async fn put(&self, key: String, bytes: Bytes) -> Result<(), String> {
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
        // Last: whoever finds it finds all of them.
        self.set(key, [IN_PIECES, pieces.to_string().as_bytes()].concat().into()).await
    }

    /// Takes them away; `None` when they are gone.
    pub(super) async fn take(&self, key: String) -> Result<Option<Bytes>, String> {
        let Some(found) = self.get(key.clone()).await? else { return Ok(None) };
        let Some(pieces) = pieces(&found) else { return Ok(Some(found)) };
        let mut whole = BytesMut::new();
        for number in 0..pieces {
            let Some(piece) = self.get(piece_of(&key, number)).await? else { return Ok(None) };
            whole.extend_from_slice(&piece);
        }
        Ok(Some(whole.freeze()))
    }

    async fn set(&self, key: String, bytes: Bytes) -> Result<(), String> {
        let _turn = self.turns.acquire().await.map_err(|closed| closed.to_string())?;
        let options = SetOptions::default().with_expiration(SetExpiry::PX(KEPT_MS));
        self.connection.run(|mut connection| async move { connection.set_options(key, &*bytes, options).await }).await
    }

    async fn get(&self, key: String) -> Result<Option<Bytes>, String> {
        let _turn = self.turns.acquire().await.map_err(|closed| closed.to_string())?;
        let taken =
            self.connection.run(|mut connection| async move { connection.get_del::<_, Option<Vec<u8>>>(key).await });
        Ok(taken.await?.map(Bytes::from))
    }
}

fn piece_of(key: &str, number: usize) -> String {
    format!("{key}:{number}")
}

/// How many pieces there are of it, if it is in pieces.
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
