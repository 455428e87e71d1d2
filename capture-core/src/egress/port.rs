//! A loopback port that serves one browser context at a time.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::Instant,
};

use super::{Blocked, Failure, Guard, Upstream, connection, forbidden::Forbidding, tenant::Tenant};

/// Pause before accepting again when the process is out of sockets.
const REST: Duration = Duration::from_millis(50);

/// Payload bytes of a context's connections since the port began to serve it. Handshakes with proxies are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Bytes sent to origins.
    pub sent_bytes: u64,
    /// Bytes received from origins.
    pub received_bytes: u64,
}

/// A SOCKS5 listener on loopback. Dropping it ends the listener and all of its connections at once.
#[derive(Debug)]
pub struct EgressPort {
    guard: Guard,
    address: SocketAddr,
    shut: bool,
    /// The context that the port serves. Connections end when it changes.
    tenant: watch::Sender<Arc<Tenant>>,
}

/// Opens a port. With `shut` the port denies everything.
impl Guard {
    /// Opens a port for one browser context.
    ///
    /// # Errors
    /// When no socket is available.
    pub async fn open(&self) -> io::Result<EgressPort> {
        open(self, false).await
    }

    /// Opens a port that denies everything, for parts of a browser that belong to no context.
    ///
    /// # Errors
    /// When no socket is available.
    pub async fn open_shut(&self) -> io::Result<EgressPort> {
        open(self, true).await
    }
}

async fn open(guard: &Guard, shut: bool) -> io::Result<EgressPort> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let tenant = watch::Sender::new(Arc::new(Tenant::new(guard, shut)));
    let own = guard.forbid_while_alive(address);
    guard.tasks().spawn(accept(listener, tenant.subscribe(), guard.clone(), own));
    Ok(EgressPort { guard: guard.clone(), address, shut, tenant })
}

impl EgressPort {
    /// The address on which the port listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The traffic of the current context.
    pub fn traffic(&self) -> Traffic {
        let tenant = self.tenant.borrow();
        Traffic {
            sent_bytes: tenant.meter.sent.load(Ordering::Relaxed),
            received_bytes: tenant.meter.received.load(Ordering::Relaxed),
        }
    }

    /// Starts serving another context: open connections end, and failures, traffic and the proxy are forgotten.
    pub fn renew(&self) {
        self.tenant.send_replace(Arc::new(Tenant::new(&self.guard, self.shut)));
    }

    /// Denies everything until the port is renewed. Open connections end.
    pub fn rest(&self) {
        self.tenant.send_replace(Arc::new(Tenant::new(&self.guard, true)));
    }

    /// Sets the proxy of new connections; `None` means direct connections. Open connections are not changed.
    pub fn set_upstream(&self, upstream: Option<Upstream>) {
        self.tenant.borrow().set_upstream(upstream);
    }

    /// Counts further lookups as this user's.
    pub fn set_user(&self, user: Arc<str>) {
        self.tenant.borrow().set_user(user);
    }

    /// The newest failure to reach this target since `since`, if it is among the 64 newest. `host` has the form of a
    /// URL's host.
    pub fn failure(&self, host: &str, port: u16, since: Instant) -> Option<Failure> {
        self.tenant.borrow().failures.lock().newest(host, port, since)
    }

    /// The newest denial since `since`, whatever the target, because the target of a redirect is not known in advance.
    pub fn last_blocked(&self, since: Instant) -> Option<Blocked> {
        self.tenant.borrow().failures.lock().last_blocked(since)
    }

    /// Closes the port, as dropping it does.
    pub fn close(self) {}
}

/// Serves every connection in a task of its own, until the port is dropped.
async fn accept(listener: TcpListener, mut tenant: watch::Receiver<Arc<Tenant>>, guard: Guard, own: Forbidding) {
    loop {
        let accepted = tokio::select! {
            renewed = tenant.changed() => match renewed {
                Ok(()) => continue,
                Err(_) => break,
            },
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((client, _)) => admit(client, tenant.clone(), &guard),
            Err(_) => tokio::time::sleep(REST).await,
        }
    }
    drop(listener);
    drop(own); // the address may be reused only after all connections have ended
}

/// Starts serving a client, or closes the connection if there is no room.
fn admit(client: TcpStream, mut tenant: watch::Receiver<Arc<Tenant>>, guard: &Guard) {
    let serving = Arc::clone(&tenant.borrow_and_update());
    match serving.admit() {
        Some(places) => guard.tasks().spawn(connection::run(client, serving, tenant, places)),
        None => serving.failures.lock().busy(),
    }
}
