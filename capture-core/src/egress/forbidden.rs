//! The ports of this service itself. No rule and no mode allows connections to them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use parking_lot::Mutex;

use super::address::is_this_machine;

/// The list of forbidden addresses. Clones share one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Forbidden {
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
}

/// Forbids an address for as long as this value lives.
#[derive(Debug)]
pub(super) struct Forbidding {
    list: Forbidden,
    address: SocketAddr,
}

impl Forbidden {
    pub(super) fn add(&self, address: SocketAddr) {
        self.addresses.lock().push(canonical(address));
    }

    pub(super) fn while_alive(&self, address: SocketAddr) -> Forbidding {
        self.add(address);
        Forbidding { list: self.clone(), address: canonical(address) }
    }

    /// A port of this machine is forbidden at all of the machine's addresses, because it may listen on any of them.
    pub(super) fn has(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        let here = is_here(address);
        let same = |own: &SocketAddr| own.port() == port && (own.ip() == address || (here && is_here(own.ip())));
        self.addresses.lock().iter().any(same)
    }
}

impl Drop for Forbidding {
    fn drop(&mut self) {
        let mut addresses = self.list.addresses.lock();
        if let Some(index) = addresses.iter().position(|address| *address == self.address) {
            addresses.swap_remove(index);
        }
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_here(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified() || is_this_machine(address)
}
