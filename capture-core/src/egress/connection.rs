//! Serves one client connection of a port, from the handshake to the end.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use super::{
    Failure,
    socks::{self, Refusal, Request},
    splice::{Tunnel, splice},
    tenant::{Places, Tenant},
};

/// How long a client may take to send its target.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves the client until the client or the origin ends the connection, or the port gets another tenant.
pub(super) async fn run(
    mut client: TcpStream,
    tenant: Arc<Tenant>,
    mut tenancy: watch::Receiver<Arc<Tenant>>,
    places: Places,
) {
    let Places { connection: _connection, handshake } = places;
    let opened = tokio::select! {
        biased;
        _ = tenancy.changed() => return,
        opened = open(&mut client, &tenant, handshake) => opened,
    };
    let Some(mut tunnel) = opened else { return };
    let whole = tokio::select! {
        biased;
        _ = tenancy.changed() => false,
        carried = splice(&mut client, &mut tunnel, &tenant.meter) => carried.is_ok(),
    };
    if !whole {
        let _ = client.set_zero_linger(); // fails when the connection is already gone
        tunnel.origin.reset_on_drop();
    }
}

/// Performs the handshake and connects to the requested target; `None` if the client was answered with a failure.
async fn open(client: &mut TcpStream, tenant: &Tenant, place: OwnedSemaphorePermit) -> Option<Tunnel> {
    let _ = client.set_nodelay(true); // failing only makes the connection slower
    let asked = timeout(HANDSHAKE, ask(client)).await.ok()?.ok()?;
    drop(place);
    let (request, early) = match asked {
        Ok(asked) => asked,
        Err(refusal) => {
            let _ = client.write_all(&refusal.answer()).await; // the connection is closed in any case
            return None;
        }
    };
    let connected = tokio::select! {
        connected = tenant.connect(&request) => connected,
        () = gone(client) => return None,
    };
    match connected {
        Ok(mut tunnel) => {
            client.write_all(&socks::CONNECTED).await.ok()?;
            tunnel.from_client = match tunnel.plain.take() {
                Some(plain) => plain.request(client, early).await?,
                None => early,
            };
            Some(tunnel)
        }
        Err(failure) => {
            refused(tenant, &request, failure);
            let _ = client.write_all(&socks::failed(failure)).await; // the connection is closed in any case
            None
        }
    }
}

fn refused(tenant: &Tenant, request: &Request, failure: Failure) {
    tenant.failures.lock().add(&request.host, request.port, failure);
    if failure.reason().is_some() {
        tracing::debug!(host = ?request.host, port = request.port, %failure, "a connection was denied");
    }
}

/// Reads the request, and whatever the client sent after it.
async fn ask(client: &mut TcpStream) -> io::Result<Result<(Request, Vec<u8>), Refusal>> {
    let mut bytes = Vec::with_capacity(socks::MAX_HANDSHAKE);
    let mut greeted = 0;
    loop {
        if greeted == 0 {
            match socks::greeting(&bytes) {
                Ok(Some(length)) => {
                    client.write_all(&socks::GREETED).await?;
                    greeted = length;
                }
                Ok(None) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        if greeted > 0 {
            match socks::request(bytes.get(greeted..).unwrap_or_default()) {
                Ok(Some((request, early))) => return Ok(Ok((request, early.to_vec()))),
                Ok(None) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        // The size is bounded: input that fills the buffer cannot be a greeting and a request.
        let room = socks::MAX_HANDSHAKE.saturating_sub(bytes.len()) as u64;
        if (&mut *client).take(room).read_buf(&mut bytes).await? == 0 {
            return Ok(Err(Refusal::NotSocks));
        }
    }
}

/// Completes once the client has closed the connection, after which connecting to the target is pointless.
async fn gone(client: &TcpStream) {
    match client.ready(Interest::READABLE).await {
        Ok(ready) if !ready.is_read_closed() => std::future::pending().await, // the client is sending data already
        Ok(_) | Err(_) => {}
    }
}
