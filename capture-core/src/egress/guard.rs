//! The guard of a process: one policy, one resolver, and the addresses that are always forbidden.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{
    EgressPolicy, Failure, Resolver, Upstream, Why,
    forbidden::{Forbidden, Forbidding},
    host::{Host, Name},
    policy::AllowedByName,
    upstream::Tls,
};
use crate::tasks::Tasks;

/// Opens ports and checks what their clients request. Clones share one state.
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
    tls: Tls,
}

impl Guard {
    /// A guard without ports.
    pub fn new(policy: EgressPolicy, resolver: Arc<dyn Resolver>) -> Self {
        Self::with_tls(policy, resolver, Tls::trusting(&[]))
    }

    pub(super) fn with_tls(policy: EgressPolicy, resolver: Arc<dyn Resolver>, tls: Tls) -> Self {
        let (forbidden, tasks) = (Forbidden::default(), Tasks::default());
        Self { inner: Arc::new(Inner { policy, resolver, forbidden, tasks, tls }) }
    }

    /// Forbids this address whatever the rules say, for the service's own listeners and its Redis. An address of this
    /// machine, including the unspecified one, is forbidden at every address of this machine.
    pub fn forbid(&self, address: SocketAddr) {
        self.inner.forbidden.add(address);
    }

    /// Checks what is known of a user's proxy before its name is resolved. The rest is checked at every connection.
    ///
    /// # Errors
    /// Why the proxy will never be connected to.
    pub fn judge_upstream(&self, upstream: &Upstream) -> Result<(), Why> {
        self.judge_unresolved(upstream.host(), upstream.port()).map(drop)
    }

    /// Number of ports and connections that have not ended. Those of a dropped port end as soon as their tasks run.
    pub fn alive(&self) -> usize {
        self.inner.tasks.alive()
    }

    /// Ends every port and connection, including those of ports that are still held.
    ///
    /// # Cancel safety
    /// Dropping the future ends those taken so far.
    pub async fn shutdown(&self) {
        self.inner.tasks.finish(Duration::ZERO).await;
    }

    pub(super) fn tls(&self) -> &Tls {
        &self.inner.tls
    }

    pub(super) fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    pub(super) fn forbid_while_alive(&self, address: SocketAddr) -> Forbidding {
        self.inner.forbidden.while_alive(address)
    }

    /// The addresses to connect to for this target. The resolver is asked once. A name with one denied address is
    /// denied.
    pub(super) async fn addresses(&self, host: &Host, port: u16, whose: &Arc<str>) -> Result<Vec<SocketAddr>, Failure> {
        match self.judge_unresolved(host, port).map_err(Failure::Blocked)? {
            Judged::Addresses(addresses) => Ok(addresses),
            Judged::Name(name, allowed) => {
                let resolved = self.inner.resolver.resolve(name.as_str(), whose).await;
                let resolved = resolved.or(Err(Failure::NameNotResolved))?;
                let judged = resolved.into_iter().map(|address| self.judge_address(address, port, allowed));
                let addresses: Vec<_> = judged.collect::<Result<_, _>>().map_err(Failure::Blocked)?;
                if addresses.is_empty() { Err(Failure::NameNotResolved) } else { Ok(addresses) }
            }
        }
    }

    /// Checks everything that can be checked without a resolver.
    pub(super) fn judge_unresolved<'a>(&self, host: &'a Host, port: u16) -> Result<Judged<'a>, Why> {
        const NO_NAME: AllowedByName = AllowedByName(false);
        match host {
            _ if port == 0 => Err(Why::Malformed),
            Host::Address(address) => Ok(Judged::Addresses(vec![self.judge_address(*address, port, NO_NAME)?])),
            Host::Name(name) => {
                let allowed = self.inner.policy.judge_name(name, port)?;
                if !name.is_localhost() {
                    return Ok(Judged::Name(name, allowed));
                }
                // These addresses were not resolved but are fixed, so it is enough that one of them is allowed.
                let [v4, v6] = Host::LOCALHOST.map(|address| self.judge_address(address, port, allowed));
                let addresses = match (v4, v6) {
                    (Err(why), Err(_)) => return Err(why),
                    (v4, v6) => v4.into_iter().chain(v6).collect(),
                };
                Ok(Judged::Addresses(addresses))
            }
        }
    }

    fn judge_address(&self, address: IpAddr, port: u16, allowed: AllowedByName) -> Result<SocketAddr, Why> {
        let address = address.to_canonical();
        if self.inner.forbidden.has(address, port) {
            return Err(Why::OwnPort);
        }
        self.inner.policy.judge_address(address, port, allowed)?;
        Ok(SocketAddr::new(address, port))
    }
}

/// A target that is not denied so far.
#[derive(Debug)]
pub(super) enum Judged<'a> {
    /// These addresses may be connected to.
    Addresses(Vec<SocketAddr>),
    /// The name must be resolved, and its addresses must be checked.
    Name(&'a Name, AllowedByName),
}
