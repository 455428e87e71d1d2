//! The guard of a process: one policy, one resolver, and the ports that are never reached.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{
    EgressPolicy, EgressPort, Failure, Resolver, Why,
    forbidden::{Forbidden, Forbidding},
    host::Host,
    policy::AllowedByName,
    port,
};
use crate::tasks::Tasks;

/// Opens ports, and judges what their clients ask for. Clones share everything.
#[derive(Debug, Clone)]
pub struct Guard {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    policy: EgressPolicy,
    resolver: Arc<dyn Resolver>,
    forbidden: Forbidden,
    tasks: Tasks,
}

impl Guard {
    /// A guard with no ports yet.
    pub fn new(policy: EgressPolicy, resolver: Arc<dyn Resolver>) -> Self {
        let (forbidden, tasks) = (Forbidden::default(), Tasks::default());
        Self { inner: Arc::new(Inner { policy, resolver, forbidden, tasks }) }
    }

    /// Never lets anyone reach this address, whatever the rules say: the service's own listeners, its Redis. One of this
    /// machine (also the unspecified one) is forbidden at every address of this machine.
    pub fn forbid(&self, address: SocketAddr) {
        self.inner.forbidden.add(address);
    }

    /// A port for one browser context.
    ///
    /// # Errors
    /// No socket is to be had.
    pub async fn open(&self) -> io::Result<EgressPort> {
        port::open(self, false).await
    }

    /// A port that denies everything, for parts of a browser that belong to no context.
    ///
    /// # Errors
    /// No socket is to be had.
    pub async fn open_shut(&self) -> io::Result<EgressPort> {
        port::open(self, true).await
    }

    /// Ports and connections that have not ended. Those of a dropped port end as soon as their tasks run.
    pub fn alive(&self) -> usize {
        self.inner.tasks.alive()
    }

    /// Ends every port and connection, also of ports that are still held.
    ///
    /// # Cancel safety
    /// Dropping it ends those taken so far.
    pub async fn shutdown(&self) {
        self.inner.tasks.finish(Duration::ZERO).await;
    }

    pub(super) fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    pub(super) fn forbid_while_alive(&self, address: SocketAddr) -> Forbidding {
        self.inner.forbidden.while_alive(address)
    }

    /// Where to dial for this target. The resolver is asked once; one bad address denies the name with all of them.
    pub(super) async fn addresses(&self, host: &Host, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let named = self.judge_before_resolving(host, port).map_err(Failure::Blocked)?;
        let (addresses, all) = match host {
            Host::Address(address) => (vec![*address], true),
            // We made these up ourselves, so one of them is enough.
            Host::Name(name) if name.is_localhost() => (Host::LOCALHOST.to_vec(), false),
            Host::Name(name) => {
                let resolved = self.inner.resolver.resolve(name.as_str()).await;
                (resolved.or(Err(Failure::NameNotResolved))?, true)
            }
        };
        let mut judged = Vec::with_capacity(addresses.len());
        let mut denied = None;
        for address in addresses.into_iter().map(|address| address.to_canonical()) {
            match self.judge_address(address, port, named) {
                Ok(()) => judged.push(SocketAddr::new(address, port)),
                Err(why) => denied = denied.or(Some(why)),
            }
        }
        match denied {
            Some(why) if all || judged.is_empty() => Err(Failure::Blocked(why)),
            _ if judged.is_empty() => Err(Failure::NameNotResolved),
            _ => Ok(judged),
        }
    }

    /// Judges what can be judged without a resolver.
    fn judge_before_resolving(&self, host: &Host, port: u16) -> Result<AllowedByName, Why> {
        match host {
            _ if port == 0 => Err(Why::Malformed),
            Host::Address(_) => Ok(AllowedByName(false)),
            Host::Name(name) => self.inner.policy.judge_name(name, port),
        }
    }

    fn judge_address(&self, address: IpAddr, port: u16, named: AllowedByName) -> Result<(), Why> {
        if self.inner.forbidden.has(address, port) {
            return Err(Why::OwnPort);
        }
        self.inner.policy.judge_address(address, port, named)
    }
}
