//! Plain sockets to the server, for requests that no library sends and for answers that are not read.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::attacker::{Attacker, SOCKETS};

/// Size of the receive buffer, small so that little unread data is held in the kernel.
const RECEIVE_BUFFER: u32 = 16 << 10;
/// Longer than any attack.
const FOR_EVER: Duration = Duration::from_secs(600);

impl Attacker<'_> {
    /// A connection to the server; `None` when it accepts no more.
    pub(super) async fn dial(&self) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
        socket.bind((SOCKETS, 0).into()).ok()?;
        socket.connect(self.stage.address().parse().unwrap()).await.ok()
    }

    /// The head of an authenticated request of this user, without the empty line at its end.
    pub(super) fn head(&self, method: &str, path: &str) -> String {
        let (address, token) = (self.stage.address(), self.caller.token());
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n")
    }

    /// A complete request with a JSON body.
    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> String {
        let head = self.head(method, path);
        format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Sends the bytes and holds the connection without reading, until the server closes it.
    pub(super) async fn send_and_hold(&self, bytes: &[u8]) {
        let Some(mut stream) = self.dial().await else { return };
        let _ = stream.write_all(bytes).await; // waits while the server does not read
        tokio::time::sleep(FOR_EVER).await;
    }

    /// Sends the bytes one by one.
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

    /// Sends the bytes and reads the answer until the server closes.
    pub(super) async fn exchange(&self, bytes: &[u8]) {
        let Some(stream) = self.dial().await else { return };
        let (mut reading, mut writing) = stream.into_split();
        let mut buffer = vec![0; 64 << 10];
        let read = async { while reading.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
        let write = async {
            let _ = writing.write_all(bytes).await; // the server may have closed the connection
            std::future::pending::<()>().await;
        };
        futures::future::select(std::pin::pin!(read), std::pin::pin!(write)).await;
    }
}
