//! Connecting to addresses that were already judged: one after the other, without waiting long for any (RFC 8305).

use std::{io, net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{net::TcpStream, time::timeout};

use super::Failure;

/// For resolving and connecting together.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// How long an address has before the next one is tried beside it (RFC 8305, 8).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses tried of a name.
const MAX_TRIED: usize = 8;

/// Connects to the first of them that answers. The caller sets the deadline.
///
/// # Cancel safety
/// Dropping it closes what was not yet handed out.
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

/// IPv6 and IPv4 in turns, each in the resolver's order, beginning with its first.
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
    // What answers is what was judged; and nobody listened where a socket met itself (simultaneous open on loopback).
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
