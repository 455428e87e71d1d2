//! Passes bytes between a client here and the instance that has its session.
//!
//! Knows nothing of what the bytes mean.

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadHalf, WriteHalf},
    time::{Duration, timeout},
};

/// Size of the buffer in each direction, in bytes.
const BUFFER: usize = 64 << 10;
/// How long one direction may go on after the other has ended, so that a close frame can be answered.
const LINGER: Duration = Duration::from_secs(5);

/// Passes bytes in both directions until one side has ended. The other direction then has `LINGER` to finish, because
/// a client that neither reads nor leaves must not keep a connection that was closed at its other end.
pub async fn carry<A, B>(near: A, far: B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let ((from_near, to_near), (from_far, to_far)) = (tokio::io::split(near), tokio::io::split(far));
    let mut up = std::pin::pin!(one_way(from_near, to_far));
    let mut down = std::pin::pin!(one_way(from_far, to_near));
    // Whatever arrives later is lost: the side that ended has already sent everything it had to send.
    let _ = tokio::select! {
        () = up.as_mut() => timeout(LINGER, down).await,
        () = down.as_mut() => timeout(LINGER, up).await,
    };
}

async fn one_way<A: AsyncRead, B: AsyncWrite>(from: ReadHalf<A>, mut to: WriteHalf<B>) {
    // An error ends the direction as the end of the stream does: there is nothing more to pass on.
    let _ = tokio::io::copy_buf(&mut BufReader::with_capacity(BUFFER, from), &mut to).await;
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_go_both_ways_and_the_end_of_one_is_the_end_of_both() {
        let ((mut client, near), (far, mut owner)) = (duplex(1 << 20), duplex(1 << 20));
        let spliced = carry(near, far);
        let talk = async {
            client.write_all(b"ping").await.unwrap();
            let mut heard = [0; 4];
            owner.read_exact(&mut heard).await.unwrap();
            owner.write_all(b"pong").await.unwrap();
            owner.shutdown().await.unwrap();
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            (heard, rest)
        };
        // The client never closes its side.
        let ((), (heard, rest)) = tokio::join!(spliced, talk);
        assert_eq!((&heard, &*rest), (b"ping", &b"pong"[..]));
    }
}
