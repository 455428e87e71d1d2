//! Resolves names to addresses.

use std::{
    fmt, io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::timeout;

use crate::fair::Places;

/// Maximum number of concurrent lookups of the process. Each holds a thread of the runtime's pool of 512 until the
/// system answers. A user may have as many as are free, and a user with fewer lookups is served first.
const MAX_LOOKUPS: usize = 128;
/// Timeout of a lookup. It is the time glibc takes to try one dead server once.
const DEADLINE: Duration = Duration::from_secs(5);

/// Resolves names to addresses. The guard calls it exactly once per connection.
pub trait Resolver: Send + Sync + fmt::Debug {
    /// All addresses of the name, best first. The name is lower case, without a final dot, and never an address.
    /// `whose` identifies the user, so that slow names of one user do not delay others.
    ///
    /// # Errors
    /// Any error counts as a name that does not resolve.
    fn resolve(&self, host: &str, whose: &Arc<str>) -> BoxFuture<'_, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver: `/etc/hosts`, then its name servers.
#[derive(Debug)]
pub struct System {
    /// Calls the system's resolver; blocks, and therefore runs on a thread of its own.
    ask: fn(&str) -> io::Result<Vec<IpAddr>>,
    places: Places<Arc<str>>,
}

impl Default for System {
    fn default() -> Self {
        Self { ask: ask_system, places: Places::new(MAX_LOOKUPS) }
    }
}

fn ask_system(name: &str) -> io::Result<Vec<IpAddr>> {
    (name, 0).to_socket_addrs().map(|addresses| addresses.map(|address| address.ip()).collect())
}

impl Resolver for System {
    fn resolve(&self, host: &str, whose: &Arc<str>) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        let (name, whose, places, ask) = (host.to_owned(), Arc::clone(whose), self.places.clone(), self.ask);
        let lookup = async move {
            let place = places.take(&whose).await;
            let on_thread = move || {
                let _place = place; // held until the thread is free again, even if the caller has left
                ask(&name)
            };
            tokio::task::spawn_blocking(on_thread).await.map_err(io::Error::other)?
        };
        async { timeout(DEADLINE, lookup).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name server that answers some names late.
    #[expect(
        clippy::disallowed_methods,
        clippy::unnecessary_wraps,
        reason = "on a thread that may block, as the system"
    )]
    fn ask(name: &str) -> io::Result<Vec<IpAddr>> {
        if name.starts_with("slow") {
            std::thread::sleep(Duration::from_secs(2));
        }
        Ok(vec![[192, 0, 2, 1].into()])
    }

    #[tokio::test]
    async fn slow_names_of_one_user_do_not_keep_another_waiting() {
        let system = System { ask, places: Places::new(MAX_LOOKUPS) };
        let (mallory, bob): (Arc<str>, Arc<str>) = ("mallory".into(), "bob".into());
        let slow: Vec<_> =
            (0..2 * MAX_LOOKUPS).map(|number| system.resolve(&format!("slow{number}"), &mallory)).collect();
        let began = tokio::time::Instant::now();
        let bobs = async {
            tokio::task::yield_now().await; // by then the others have begun
            system.resolve("quick", &bob).await.unwrap();
            began.elapsed()
        };
        let mut all = std::pin::pin!(futures::future::join_all(slow));
        let waited = tokio::select! {
            biased;
            _ = &mut all => panic!("the slow ones are slow"),
            waited = bobs => waited,
        };
        assert!(waited < Duration::from_secs(1), "waited {waited:?} for threads that others hold");
        all.await;
    }
}
