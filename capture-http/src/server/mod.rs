//! Connections: accepting them, limiting them, and letting the last requests finish.
//!
//! Owns sockets and their deadlines. Knows nothing of routes or sessions.
//!
//! | module | responsibility |
//! |---|---|
//! | [`meter`] | the state of one connection, and its deadlines |
//! | [`places`] | limits on all connections and on those of one address, and which connection is closed first |
//! | [`stream`], [`body`] | report the traffic to the meter |

mod body;
mod meter;
mod places;
mod stream;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, response::Response};
use capture_core::tasks::Tasks;
use futures::TryFutureExt;
use hyper::{Request, body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::Instant,
};

pub(crate) use self::places::Place;
use self::{
    body::Counted,
    meter::{IDLE, Overdue},
    places::{Admission, Held, LOOK, Places},
    stream::Watched,
};
use crate::client_address::{Peer, Source, TrustedProxies};

/// Most bytes of a request head, of requests and bodies read ahead, and of small replies that are queued behind each
/// other.
const BUFFER_BYTES: usize = 64 * 1024;
/// The kernel's send buffer of a connection, in bytes; the kernel doubles it. By default it grows to 4 MiB, and five
/// hundred clients that do not read would use up the kernel's memory for the connections of all programs, which then
/// stall.
const SEND_BUFFER: u32 = 128 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// Pause after an accept that failed for lack of file descriptors or memory, because an immediate retry would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The reply to a connection beyond the limit of its address.
const TOO_MANY: &str = "{\"success\":false,\"error\":\"this address has as many connections as one may have\",\"code\":\"busy\",\
    \"reason\":\"too_many_connections\",\"retryable\":true,\"outcome\":\"not_executed\",\"hint\":\"use those it has\"}";

/// Binds a socket and listens. The kernel buffers a bounded amount of what its connections write.
///
/// # Errors
/// The address cannot be bound.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?; // a restart must not wait for connections that are closing
    socket.set_send_buffer_size(SEND_BUFFER)?; // connections inherit this from their listener
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves connections until `stop` completes, then accepts no more and lets running requests finish for up to `grace`.
///
/// A request that is still running after `grace` is cut off.
///
/// Connections of trusted proxies carry many clients, so they are not counted as those of one address.
///
/// # Cancel safety
/// When the future is dropped, open connections are closed at once.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    proxies: TrustedProxies,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let tasks = Tasks::default();
    let places = Arc::new(Places::default());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => match places.admit((!proxies.trust(peer.ip())).then(|| Source::of(peer.ip()))) {
                Admission::Admitted(held) => tasks.spawn(connection(stream, peer, router.clone(), tasks.clone(), held)),
                Admission::TooMany => turn_away(&stream),
            },
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

/// The next connection, once there is room for it: no connection is closed before the next one has arrived.
async fn accept(listener: &TcpListener, places: &Places) -> io::Result<(TcpStream, SocketAddr)> {
    let accepted = listener.accept().await?;
    places.room().await;
    Ok(accepted)
}

/// Sends the reason if the socket takes it at once, because the server does not wait for a refused connection.
fn turn_away(stream: &TcpStream) {
    let length = TOO_MANY.len();
    let reply = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         retry-after: 1\r\nconnection: close\r\n\r\n{TOO_MANY}"
    );
    let _ = stream.try_write(reply.as_bytes()); // the connection is closed either way
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection with all its requests.
async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, tasks: Tasks, held: Held) {
    // Replies are written whole: waiting for more would only delay them.
    let _ = stream.set_nodelay(true); // a connection without it works too
    let (router, place) = (TowerToHyperService::new(router), &held.place);
    let (places, of) = (Arc::clone(held.places()), Arc::clone(place));
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        of.meter.lock().asked();
        of.forget();
        request.extensions_mut().insert(Peer(peer.ip()));
        request.extensions_mut().insert(Arc::clone(&of));
        let (places, place) = (Arc::clone(&places), Arc::clone(&of));
        let counted = |response: Response| response.map(|body| Counted { body, places, place });
        router.call(request).map_ok(counted)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE) // the meter is stricter, and knows when a head begins
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(Watched::new(stream, Arc::clone(place))), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        why = overdue(place) => return tracing::debug!(?why, %peer, "connection closed"),
        () = tasks.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended badly");
    }
}

/// Completes when the connection has to close, with the reason, or with `None` when it is closed to make room for
/// another.
async fn overdue(place: &Place) -> Option<Overdue> {
    let too_late = async {
        loop {
            tokio::time::sleep(LOOK).await;
            let (overdue, idles) = {
                let (mut meter, now) = (place.meter.lock(), Instant::now());
                (meter.judge(now), meter.is_stalled(now) && meter.unread() >= BUFFER_BYTES as u64)
            };
            if let Some(why) = overdue {
                return why;
            }
            if idles && place.is_outdated().await {
                return Overdue::Unread;
            }
        }
    };
    tokio::select! {
        () = place.gives_way.notified() => None,
        why = too_late => Some(why),
    }
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
        let serving = serve(listener, router, TrustedProxies::default(), stopped, Duration::from_secs(5));
        (address, stop, serving)
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
            let whole = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
            for (sent, expected) in [("", meter::HEAD), ("GET / HTTP/1.1\r\nhost: local", meter::HEAD), (whole, IDLE)] {
                let began = Instant::now();
                ask(address, sent).await;
                let took = began.elapsed();
                assert!(took >= expected && took <= expected + LOOK * 2, "{sent:?} was closed after {took:?}");
            }
            stop.send(()).unwrap();
        };
        tokio::join!(client, server);
    }

    /// A router whose reply is larger than all buffers between the server and a client.
    fn large() -> Router {
        Router::new().route("/large", get(async || vec![0_u8; 64 << 20]))
    }

    /// The number of bytes in `reads` reads of 64 KiB at most; fewer where the connection ends.
    async fn read_some(stream: &mut TcpStream, reads: usize) -> usize {
        let mut buffer = vec![0; 64 << 10];
        let mut read = 0;
        for _ in 0..reads {
            match stream.read(&mut buffer).await {
                Ok(more @ 1..) => read += more,
                _ => break,
            }
        }
        read
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_closed_and_one_that_reads_slowly_is_not() {
        let (address, stop, server) = start(large()).await;
        let client = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let began = Instant::now();
            let request = "GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n";
            stream.write_all(request.repeat(60).as_bytes()).await.unwrap();
            let mut read = 0;
            while began.elapsed() < meter::PROGRESS * 4 {
                read += read_some(&mut stream, 16).await;
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            tokio::time::sleep(meter::PROGRESS * 3).await;
            let rest = read_some(&mut stream, usize::MAX).await;
            assert!(read > 0 && read + rest < 64 << 20, "{read} and {rest} of the first reply were read");
            stop.send(()).unwrap();
        };
        tokio::join!(client, server);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_of_no_use_any_more_is_not_kept_for_a_client_that_does_not_read() {
        let of_no_use = |axum::Extension(place): axum::Extension<Arc<Place>>| async move {
            place.reads(Arc::new(|| Box::pin(async { true })));
            vec![0_u8; 64 << 20]
        };
        let (address, stop, server) = start(Router::new().route("/large", get(of_no_use))).await;
        let client = async {
            let began = Instant::now();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
            tokio::time::sleep(meter::STALLED + LOOK * 3).await;
            let read = read_some(&mut stream, usize::MAX).await;
            assert!(read < 64 << 20 && began.elapsed() < meter::PROGRESS, "{read} bytes, {:?}", began.elapsed());
            stop.send(()).unwrap();
        };
        tokio::join!(client, server);
    }

    #[tokio::test]
    async fn an_address_that_has_too_many_connections_in_use_is_told_so() {
        let release = Arc::new(tokio::sync::Semaphore::new(0));
        let waits = Arc::clone(&release);
        let hang = move || {
            let waits = Arc::clone(&waits);
            async move { drop(waits.acquire().await) }
        };
        let (address, stop, server) = start(Router::new().route("/hang", get(hang))).await;
        let client = async {
            let mut busy = Vec::new();
            for _ in 0..places::MAX_OF_ADDRESS {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(b"GET /hang HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
                busy.push(stream);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            let told = ask(address, "").await;
            let (head, body) = told.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 503 ") && head.contains(&format!("content-length: {}", body.len())));
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!((&body["code"], &body["reason"]), (&"busy".into(), &"too_many_connections".into()));
            release.add_permits(places::MAX_OF_ADDRESS);
            for stream in &mut busy {
                stream.read_exact(&mut [0; 12]).await.unwrap();
            }
            let reply = ask(address, "GET /hang HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
            assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
            stop.send(()).unwrap();
        };
        tokio::join!(client, server);
    }
}
