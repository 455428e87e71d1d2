//! The proxy ports of a shared browser. They are opened when the browser starts, because the kernel lets it connect to
//! these ports only.
//!
//! Each port serves one context at a time. A released port denies everything for a while, so that late requests of a
//! closed context are not taken for those of the next one.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use crate::{
    browser::Unavailable,
    egress::{EgressPort, Guard},
};

/// How long a port denies everything after the browser has answered that its context is closed. The browser's network
/// process learns of it slightly later.
const REST: Duration = Duration::from_secs(1);

/// The free ports, the longest released first.
#[derive(Debug)]
pub(crate) struct ProxyPorts {
    resting: Mutex<VecDeque<Resting>>,
    given_back: Notify,
}

#[derive(Debug)]
struct Resting {
    port: Arc<EgressPort>,
    until: Instant,
}

impl ProxyPorts {
    /// Opens the ports for this many contexts, including those of ports that are resting; none for zero contexts.
    pub(crate) async fn open(guard: &Guard, contexts: usize) -> io::Result<Self> {
        let mut resting = VecDeque::new();
        let room = if contexts == 0 { 0 } else { contexts + contexts.div_ceil(2) + 1 };
        for _ in 0..room {
            let port = Arc::new(guard.open().await?);
            resting.push_back(Resting { port, until: Instant::now() });
        }
        Ok(Self { resting: Mutex::new(resting), given_back: Notify::new() })
    }

    /// The port numbers of all free ports. To get all ports, call it before the first is taken.
    pub(crate) fn numbers(&self) -> Vec<u16> {
        self.resting.lock().iter().map(|resting| resting.port.address().port()).collect()
    }

    /// Waits for the next free port and takes it, reset for a new context.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is taken when the future is dropped.
    pub(crate) async fn take(&self) -> Arc<EgressPort> {
        loop {
            match self.next() {
                Next::Port(port) => {
                    port.renew();
                    return port;
                }
                Next::Rests(until) => tokio::time::sleep_until(until).await,
                Next::Nothing => self.given_back.notified().await,
            }
        }
    }

    /// Releases a port whose context the browser has closed.
    pub(crate) fn give_back(&self, port: Arc<EgressPort>) {
        port.rest();
        self.resting.lock().push_back(Resting { port, until: Instant::now() + REST });
        self.given_back.notify_one();
    }

    fn next(&self) -> Next {
        let mut resting = self.resting.lock();
        match resting.pop_front() {
            Some(first) if first.until > Instant::now() => {
                let until = first.until;
                resting.push_front(first);
                Next::Rests(until)
            }
            Some(first) => Next::Port(first.port),
            None => Next::Nothing,
        }
    }
}

/// The error when the system provides no socket for a port.
pub(crate) fn refused(error: io::Error) -> Unavailable {
    Unavailable::system("port for a browser's traffic")(error)
}

enum Next {
    Port(Arc<EgressPort>),
    Rests(Instant),
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{EgressPolicy, System};

    #[tokio::test]
    async fn a_port_serves_one_context_at_a_time_and_rests_between_two() {
        let guard = Guard::new(EgressPolicy::default(), Arc::new(System::default()));
        let ports = ProxyPorts::open(&guard, 1).await.unwrap();
        let numbers = ports.numbers();
        assert_eq!(numbers.len(), 3);
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.push(ports.take().await);
        }
        let given_back = taken.swap_remove(1);
        let again = given_back.address();
        let begun = Instant::now();
        let (port, ()) = tokio::join!(ports.take(), async { ports.give_back(given_back) });
        assert_eq!(port.address(), again);
        assert!(numbers.contains(&again.port()) && begun.elapsed() >= REST, "{:?}", begun.elapsed());
        drop((port, taken, ports));
        guard.shutdown().await;
    }
}
