//! Plain sockets to the server, for what no library sends and for answers that nobody reads.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::attacker::{Attacker, SOCKETS};

/// What a client takes unread, so that little of it hides in the kernel.
const RECEIVE_BUFFER: u32 = 16 << 10;
/// Longer than any attack.
const FOR_EVER: Duration = Duration::from_secs(600);

impl Attacker<'_> {
    /// A connection to the server; none when it takes no more.
    pub(super) async fn dial(&self) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
        socket.bind((SOCKETS, 0).into()).ok()?;
        socket.connect(self.stage.address().parse().unwrap()).await.ok()
    }

    /// The head of a request of this user's, without the empty line at its end.
    pub(super) fn head(&self, method: &str, path: &str) -> String {
        let (address, token) = (self.stage.address(), self.caller.token());
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n")
    }

    /// A whole request with a JSON body.
    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> String {
        let head = self.head(method, path);
        format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Sends this and holds the connection, reading nothing, until the server closes it.
    pub(super) async fn send_and_hold(&self, bytes: &[u8]) {
        let Some(mut stream) = self.dial().await else { return };
        let _ = stream.write_all(bytes).await; // what the server does not take waits here
        tokio::time::sleep(FOR_EVER).await;
    }

    /// Sends this byte by byte.
    pub(super) async fn drip(&self, bytes: &[u8], pause: Duration) {
        let Some(mut stream) = self.dial().await else { return };
        for byte in bytes {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
        tokio::time::sleep(FOR_EVER).await;
    }

    /// Sends this and reads what comes until the server closes.
    pub(super) async fn exchange(&self, bytes: &[u8]) {
        let Some(stream) = self.dial().await else { return };
        let (mut reading, mut writing) = stream.into_split();
        let mut buffer = vec![0; 64 << 10];
        let read = async { while reading.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
        let write = async {
            let _ = writing.write_all(bytes).await; // closed meanwhile
            std::future::pending::<()>().await;
        };
        futures::future::select(std::pin::pin!(read), std::pin::pin!(write)).await;
    }
}
