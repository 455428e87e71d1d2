//! Connects to addresses that were already checked, one after the other, with a short head start for each (RFC 8305).

use std::{io, net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{net::TcpStream, time::timeout};

use super::Failure;

/// Timeout of resolving and connecting together.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// How long an address is tried before the next one is tried in parallel (RFC 8305, section 8).
const HEAD_START: Duration = Duration::from_millis(250);
/// Maximum number of addresses tried for a name.
const MAX_TRIED: usize = 8;

/// Connects to the first address that answers. The caller sets the timeout.
///
/// # Cancel safety
/// Dropping the future closes all connections that were not returned.
pub(super) async fn dial(addresses: Vec<SocketAddr>) -> Result<TcpStream, Failure> {
    let mut waiting = interleaved(addresses).into_iter().take(MAX_TRIED);
    let mut attempts = FuturesUnordered::new();
    let mut failure = Failure::Unreachable;
    loop {
        match waiting.next() {
            Some(address) => attempts.push(connect(address)),
            None if attempts.is_empty() => return Err(failure),
            None => {}
        }
        let patience = if waiting.len() == 0 { DEADLINE } else { HEAD_START };
        match timeout(patience, attempts.next()).await {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(failed))) if failure == Failure::Unreachable => failure = failed,
            Ok(_) | Err(_) => {}
        }
    }
}

/// IPv6 and IPv4 addresses alternating, each in the resolver's order, beginning with its first one.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        turns.extend(first.next().into_iter().chain(second.next()));
    }
    turns
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await.map_err(|error| failure(&error))?;
    let (peer, local) =
        stream.peer_addr().and_then(|peer| Ok((peer, stream.local_addr()?))).map_err(|e| failure(&e))?;
    // The peer must be the address that was checked, and the socket must not have connected to itself, which happens
    // with simultaneous open on loopback.
    if (peer.ip(), peer.port()) != (address.ip(), address.port()) || peer == local {
        return Err(Failure::Refused);
    }
    stream.set_nodelay(true).map_err(|error| failure(&error))?;
    Ok(stream)
}

fn failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Failure::Refused,
        io::ErrorKind::TimedOut => Failure::TimedOut,
        _ => Failure::Unreachable,
    }
}
