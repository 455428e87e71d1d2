//! Connections: accepting them, bounding them, and letting the last requests finish.
//!
//! Owns sockets and their deadlines. Knows nothing of routes, users or sessions.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use capture_core::tasks::Tasks;
use hyper::{Request, body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::client_address::Peer;

/// Open connections. At this number no further one is accepted until one closes: clients wait in the system's backlog.
const MAX_CONNECTIONS: usize = 1024;
/// For the whole request head, and so also how long a kept-alive connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a request head, and of a body read ahead.
const BUFFER_BYTES: usize = 64 * 1024;
/// Pause after an accept that failed for want of file descriptors or memory: trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers connections until `stop` completes, then takes no more and lets running requests finish for up to `grace`.
///
/// A running request that is still there after the grace is cut off.
///
/// # Cancel safety
/// When dropped, open connections are closed at once.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>, grace: Duration) {
    let tasks = Tasks::default();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer, place)) => tasks.spawn(connection(stream, peer, router.clone(), tasks.clone(), place)),
            Err(error) if is_of_one_connection(&error) => tracing::debug!(%error, "connection lost before it began"),
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let cut_off = tasks.finish(grace).await;
    if cut_off > 0 {
        tracing::warn!(cut_off, "connections did not finish in time");
    }
}

type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

/// The next connection, once there is a place for it. Dropping it loses none.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection with all its requests.
async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, tasks: Tasks, place: OwnedSemaphorePermit) {
    // Replies are written whole: waiting for more would only delay them.
    let _ = stream.set_nodelay(true); // a connection without it works too
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = tasks.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended badly");
    }
    drop(place);
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
    };

    use super::*;

    async fn start(router: Router) -> (SocketAddr, oneshot::Sender<()>, impl Future<Output = ()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        (address, stop, serve(listener, router, stopped, Duration::from_secs(5)))
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    }

    #[tokio::test]
    async fn a_running_request_finishes_after_the_stop() {
        let (began, begun) = oneshot::channel();
        let began = Arc::new(parking_lot::Mutex::new(Some(began)));
        let slow = move || {
            let began = began.lock().take();
            async move {
                began.unwrap().send(()).unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
                "done"
            }
        };
        let (address, stop, server) = start(Router::new().route("/slow", get(slow))).await;
        let client = async {
            let reply = ask(address, "GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n");
            let stopping = async {
                begun.await.unwrap();
                stop.send(()).unwrap();
            };
            tokio::join!(reply, stopping).0
        };
        let (reply, ()) = tokio::join!(client, server);
        assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
        assert!(reply.ends_with("done"), "{reply}");
        assert!(TcpStream::connect(address).await.is_err(), "nothing is accepted any more");
    }

    #[tokio::test]
    async fn an_idle_connection_does_not_hold_up_the_stop() {
        let (address, stop, server) = start(Router::new()).await;
        let client = async {
            let idle = TcpStream::connect(address).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            stop.send(()).unwrap();
            idle
        };
        let both = async { tokio::join!(client, server) };
        assert!(tokio::time::timeout(Duration::from_secs(2), both).await.is_ok());
    }

    #[tokio::test]
    async fn handlers_learn_the_address_of_the_client() {
        let address_of = |axum::Extension(Peer(ip)): axum::Extension<Peer>| async move { ip.to_string() };
        let (address, stop, server) = start(Router::new().route("/", get(address_of))).await;
        let client = async {
            let reply = ask(address, "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
            stop.send(()).unwrap();
            reply
        };
        assert!(tokio::join!(client, server).0.ends_with("127.0.0.1"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_and_an_idle_connection_are_closed() {
        let (address, stop, server) = start(Router::new()).await;
        let client = async {
            for sent in ["", "GET / HTTP/1.1\r\nhost: local", "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
                let began = tokio::time::Instant::now();
                ask(address, sent).await;
                assert!(began.elapsed() >= HEAD_TIMEOUT, "{sent:?} was closed after {:?}", began.elapsed());
            }
            stop.send(()).unwrap();
        };
        tokio::join!(client, server);
    }
}
