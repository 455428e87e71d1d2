//! What a port knows of the context it serves: forgotten as a whole when it serves another.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    Failure, Guard, Why, dial,
    failure::Failures,
    host::{Host, Malformed},
    socks::Request,
    splice::{Meter, Tunnel},
    wire::Wire,
};

/// Connections of a context at once. Chromium opens 32 to a proxy, and its sockets for `WebSocket` beside them.
const MAX_CONNECTIONS: usize = 256;
/// Of these, how many may not have said their target yet.
const MAX_HANDSHAKES: usize = 64;
/// Lookups of a context at once, so that one with slow names does not stop the others'.
const MAX_LOOKUPS: usize = 16;

#[derive(Debug)]
pub(super) struct Tenant {
    guard: Guard,
    shut: bool,
    pub(super) meter: Meter,
    pub(super) failures: Mutex<Failures>,
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    lookups: Semaphore,
}

/// Room for one connection.
#[derive(Debug)]
pub(super) struct Places {
    /// Kept until it ends.
    pub(super) connection: OwnedSemaphorePermit,
    /// Kept until it has said its target.
    pub(super) handshake: OwnedSemaphorePermit,
}

impl Tenant {
    pub(super) fn new(guard: &Guard, shut: bool) -> Self {
        Self {
            guard: guard.clone(),
            shut,
            meter: Meter::default(),
            failures: Mutex::default(),
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            handshakes: Arc::new(Semaphore::new(MAX_HANDSHAKES)),
            lookups: Semaphore::new(MAX_LOOKUPS),
        }
    }

    pub(super) fn admit(&self) -> Option<Places> {
        let connection = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned().ok()?;
        Some(Places { connection, handshake })
    }

    /// Opens the way to what a client asked for, in at most 25 s: Chromium gives up after 30.
    pub(super) async fn connect(&self, request: &Request) -> Result<Tunnel, Failure> {
        let host = Host::parse(&request.host).map_err(|Malformed| Failure::Blocked(Why::Malformed))?;
        if self.shut {
            return Err(Failure::Blocked(Why::Shut));
        }
        let origin = Wire::Plain(self.dial(&host, request.port).await?);
        Ok(Tunnel { origin, from_origin: Vec::new(), from_client: Vec::new() })
    }

    /// Resolves, judges and connects.
    async fn dial(&self, host: &Host, port: u16) -> Result<TcpStream, Failure> {
        let dialled = async {
            let addresses = match self.lookups.acquire().await {
                Ok(_turn) => self.guard.addresses(host, port).await?,
                Err(_) => return Err(Failure::Busy), // never closed
            };
            dial::dial(addresses).await
        };
        timeout(dial::DEADLINE, dialled).await.unwrap_or(Err(Failure::TimedOut))
    }
}
