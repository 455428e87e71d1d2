//! The state of a port that belongs to the context it serves. All of it is dropped when the port serves another
//! context.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use uuid::Uuid;

use super::{
    Failure, Guard, Upstream, UpstreamFailure, Why, dial,
    failure::Failures,
    host::{Host, Malformed},
    socks::Request,
    splice::{Meter, Tunnel},
    wire::Wire,
};

/// Maximum number of connections of a context. Chromium opens 32 to a proxy, and additional ones for `WebSocket`.
const MAX_CONNECTIONS: usize = 256;
/// Maximum number of these connections that have not sent their target yet.
const MAX_HANDSHAKES: usize = 64;
/// Maximum number of concurrent lookups of a context, so that slow names of one context do not block those of others.
const MAX_LOOKUPS: usize = 16;
/// Timeout of everything that is done to reach a target through a proxy.
const UPSTREAM: Duration = Duration::from_secs(25);

#[derive(Debug)]
pub(super) struct Tenant {
    guard: Guard,
    shut: bool,
    pub(super) meter: Meter,
    pub(super) failures: Mutex<Failures>,
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    lookups: Semaphore,
    upstream: Mutex<Option<Arc<Chosen>>>,
    /// Identifies the user of the lookups. Before a user is set, the value is unique to this tenant.
    whose: Mutex<Arc<str>>,
}

/// The user's proxy, and what was learnt about it.
#[derive(Debug)]
struct Chosen {
    upstream: Upstream,
    /// Set when the proxy makes no tunnels to port 80.
    plain_http: AtomicBool,
}

/// The permits of one connection.
#[derive(Debug)]
pub(super) struct Places {
    /// Held until the connection ends.
    pub(super) connection: OwnedSemaphorePermit,
    /// Held until the client has sent its target.
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
            upstream: Mutex::default(),
            whose: Mutex::new(Uuid::new_v4().to_string().into()),
        }
    }

    pub(super) fn set_upstream(&self, upstream: Option<Upstream>) {
        let chosen = upstream.map(|upstream| Arc::new(Chosen { upstream, plain_http: AtomicBool::new(false) }));
        *self.upstream.lock() = chosen;
    }

    pub(super) fn set_user(&self, user: Arc<str>) {
        *self.whose.lock() = user;
    }

    pub(super) fn admit(&self) -> Option<Places> {
        let connection = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned().ok()?;
        Some(Places { connection, handshake })
    }

    /// Connects to what a client requested, within 25 s, because Chromium gives up after 30 s.
    pub(super) async fn connect(&self, request: &Request) -> Result<Tunnel, Failure> {
        let host = Host::parse(&request.host).map_err(|Malformed| Failure::Blocked(Why::Malformed))?;
        if self.shut {
            return Err(Failure::Blocked(Why::Shut));
        }
        let chosen = self.upstream.lock().clone();
        let Some(chosen) = chosen else {
            let origin = Wire::Plain(self.dial(&host, request.port).await?);
            return Ok(Tunnel { origin, from_origin: Vec::new(), from_client: Vec::new(), plain: None });
        };
        self.guard.judge_unresolved(&host, request.port).map_err(Failure::Blocked)?;
        let through = timeout(UPSTREAM, self.through(&chosen, &host, request.port)).await;
        through.unwrap_or(Err(UpstreamFailure::TimedOut)).map_err(Failure::Upstream)
    }

    /// Connects by a tunnel, or by a single request if the proxy makes no tunnels to port 80.
    async fn through(&self, chosen: &Chosen, host: &Host, port: u16) -> Result<Tunnel, UpstreamFailure> {
        let Chosen { upstream, plain_http } = chosen;
        let (from_client, tls) = (Vec::new(), self.guard.tls());
        let may_be_plain = port == 80 && upstream.speaks_http();
        if !(may_be_plain && plain_http.load(Ordering::Relaxed)) {
            match upstream.tunnel(self.dial_upstream(upstream).await?, tls, host, port).await {
                Ok((origin, from_origin)) => return Ok(Tunnel { origin, from_origin, from_client, plain: None }),
                Err(UpstreamFailure::Refused(403 | 405 | 501)) if may_be_plain => {
                    plain_http.store(true, Ordering::Relaxed);
                }
                Err(failure) => return Err(failure),
            }
        }
        let (origin, plain) = upstream.plain(self.dial_upstream(upstream).await?, tls, host).await?;
        Ok(Tunnel { origin, from_origin: Vec::new(), from_client, plain: Some(plain) })
    }

    async fn dial_upstream(&self, upstream: &Upstream) -> Result<TcpStream, UpstreamFailure> {
        self.dial(upstream.host(), upstream.port()).await.map_err(|failure| match failure {
            Failure::Blocked(why) => UpstreamFailure::Blocked(why),
            Failure::NameNotResolved => UpstreamFailure::NameNotResolved,
            Failure::TimedOut => UpstreamFailure::TimedOut,
            _ => UpstreamFailure::Unreachable,
        })
    }

    /// Resolves, checks and connects.
    async fn dial(&self, host: &Host, port: u16) -> Result<TcpStream, Failure> {
        let dialled = async {
            let addresses = match self.lookups.acquire().await {
                Ok(_turn) => {
                    let whose = Arc::clone(&self.whose.lock());
                    self.guard.addresses(host, port, &whose).await?
                }
                Err(_) => return Err(Failure::Busy), // cannot happen: the semaphore is never closed
            };
            dial::dial(addresses).await
        };
        timeout(dial::DEADLINE, dialled).await.unwrap_or(Err(Failure::TimedOut))
    }
}
