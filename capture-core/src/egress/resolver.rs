//! Where names become addresses.

use std::{
    fmt, io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{sync::Semaphore, time::timeout};

/// Lookups of the process at once: each holds a thread of the runtime's pool of 512 for as long as the system takes.
const MAX_LOOKUPS: usize = 128;
/// How long a lookup may take; what glibc needs to ask one dead server once.
const DEADLINE: Duration = Duration::from_secs(5);

/// Turns a name into addresses. The guard asks it exactly once per connection.
pub trait Resolver: Send + Sync + fmt::Debug {
    /// All addresses of the name, best first. The name is lower case, without final dot, and never an address.
    ///
    /// # Errors
    /// Any: the name then counts as not resolved.
    fn resolve(&self, host: &str) -> BoxFuture<'_, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver: `/etc/hosts`, then its name servers.
#[derive(Debug)]
pub struct System {
    places: Arc<Semaphore>,
}

impl Default for System {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MAX_LOOKUPS)) }
    }
}

impl Resolver for System {
    fn resolve(&self, host: &str) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        let name = host.to_owned();
        let places = Arc::clone(&self.places);
        let lookup = async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            let ask = move || {
                let _place = place; // kept until the thread is free again, also when nobody waits any more
                (name.as_str(), 0).to_socket_addrs().map(|addresses| addresses.map(|address| address.ip()).collect())
            };
            tokio::task::spawn_blocking(ask).await.map_err(io::Error::other)?
        };
        async { timeout(DEADLINE, lookup).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) }.boxed()
    }
}
