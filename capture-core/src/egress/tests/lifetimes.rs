//! Tests of how connections end: slow, silent or endless origins, clients that leave, and ports that close.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::Instant,
};

use super::{
    super::{EgressPolicy, Failure, Guard, Traffic, dial},
    Scripted, Server, eventually, open_port, policy, reach, read, read_all, request,
};

#[tokio::test]
async fn what_was_carried_is_counted_to_the_byte() {
    let (_guard, port) = open_port().await;
    let origin = Server::echo("127.0.0.2").await;
    let payload: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let stream = reach(&port, "127.0.0.2", origin.port()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let (sent, echoed) = (payload.clone(), crate::tasks::Tasks::default());
    echoed.spawn(async move {
        write.write_all(&sent).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let mut answer = Vec::new();
    tokio::time::timeout(super::PATIENCE, read.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer == payload);
    assert_eq!(port.traffic(), Traffic { sent_bytes: 3_000_000, received_bytes: 3_000_000 });
    port.renew();
    assert_eq!(port.traffic(), Traffic::default());
}

#[tokio::test]
async fn the_end_of_either_side_is_passed_on_while_the_other_goes_on() {
    let (guard, port) = open_port().await;
    // It ends its side first, then reads until the client ends.
    let origin = Server::start("127.0.0.2", |mut stream| async move {
        stream.write_all(b"first").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, b"later");
    })
    .await;
    let mut stream = reach(&port, "127.0.0.2", origin.port()).await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"first");
    stream.write_all(b"later").await.unwrap();
    stream.shutdown().await.unwrap();
    eventually("it ended", || guard.alive() == 1).await;
    assert_eq!(port.traffic(), Traffic { sent_bytes: 5, received_bytes: 5 });
    // The client ends its side first, and echo answers after that.
    let echo = Server::echo("127.0.0.2").await;
    let mut stream = reach(&port, "127.0.0.2", echo.port()).await.unwrap();
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"last words");
}

#[tokio::test]
async fn an_origin_that_resets_is_not_taken_for_one_that_ends() {
    let (_guard, port) = open_port().await;
    let origin = Server::start("127.0.0.2", |mut stream| async move {
        stream.write_all(b"half of").await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        stream.set_zero_linger().unwrap();
    })
    .await;
    let mut stream = reach(&port, "127.0.0.2", origin.port()).await.unwrap();
    assert_eq!(read(&mut stream, 7).await, b"half of");
    stream.write_all(b"x").await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_origin_that_never_ends_has_five_seconds_after_its_client_left() {
    let (guard, port) = open_port().await;
    let origin = Server::silent("127.0.0.2").await;
    let stream = reach(&port, "127.0.0.2", origin.port()).await.unwrap();
    assert_eq!(guard.alive(), 2);
    tokio::time::pause(); // from here on, time advances without waiting
    let begin = Instant::now();
    drop(stream);
    eventually("it ended", || guard.alive() == 1).await;
    assert!((5..7).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_client_that_takes_nothing_has_a_minute_after_the_origin_ended() {
    let (guard, port) = open_port().await;
    let origin = Server::greeter("127.0.0.2", "bye").await;
    let mut stream = reach(&port, "127.0.0.2", origin.port()).await.unwrap();
    assert_eq!(read(&mut stream, 3).await, b"bye");
    tokio::time::sleep(Duration::from_millis(100)).await; // the end of the other side has arrived by now
    tokio::time::pause();
    let begin = Instant::now();
    tokio::time::timeout(Duration::from_secs(90), async {
        while guard.alive() > 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .unwrap();
    assert!((59..62).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn an_origin_that_reads_nothing_slows_its_client_and_holds_no_memory_of_ours() {
    let (guard, port) = open_port().await;
    let origin = Server::silent("127.0.0.2").await;
    let mut stream = reach(&port, "127.0.0.2", origin.port()).await.unwrap();
    let block = vec![0; 1 << 20];
    let flood = async {
        for _ in 0..64 {
            stream.write_all(&block).await.unwrap();
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(1), flood).await.is_err(), "64 MiB were taken");
    drop(port);
    eventually("it ended", || guard.alive() == 0).await;
    assert!(stream.write_all(&block).await.is_err());
}

/// An address where connecting hangs: its accept queue is full and is never emptied.
async fn hanging() -> (SocketAddr, Vec<TcpStream>, tokio::net::TcpListener) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        queue.push(stream.unwrap());
    }
    (address, queue, listener)
}

#[tokio::test]
async fn an_address_that_hangs_costs_a_quarter_second_when_there_is_another() {
    let (hanging, _queue, _listener) = hanging().await;
    let origin = tokio::net::TcpListener::bind(("127.0.0.3", hanging.port())).await.unwrap();
    let begin = Instant::now();
    let stream = dial::dial(vec![hanging, origin.local_addr().unwrap()]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), origin.local_addr().unwrap());
    let took = begin.elapsed();
    assert!((250..5_000).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn one_that_refuses_costs_nothing_and_is_told_when_all_do() {
    let closed = |ip: &str| {
        let listener = std::net::TcpListener::bind((ip, 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let origin = Server::silent("127.0.0.2").await;
    assert!(dial::dial(vec![closed("127.0.0.3"), closed("127.0.0.4"), origin.address]).await.is_ok());
    assert_eq!(dial::dial(vec![closed("127.0.0.3"), closed("127.0.0.4")]).await.unwrap_err(), Failure::Refused);
    let guard = Guard::new(EgressPolicy::default().allow_private(), Scripted::with(&[]));
    let port = guard.open().await.unwrap();
    let (since, dead) = (Instant::now(), closed("127.0.0.3"));
    assert_eq!(reach(&port, "127.0.0.3", dead.port()).await.unwrap_err(), 5);
    let failure = port.failure("127.0.0.3", dead.port(), since).unwrap();
    assert_eq!(
        (failure, failure.chromium_error(), failure.reason()),
        (Failure::Refused, "net::ERR_CONNECTION_REFUSED", None)
    );
    assert_eq!(port.last_blocked(since), None);
}

#[tokio::test]
async fn an_origin_where_connecting_hangs_is_given_up_after_ten_seconds() {
    let (hanging, _queue, _listener) = hanging().await;
    let (guard, port) = open_port().await;
    tokio::time::pause();
    let begin = Instant::now();
    let mut stream = TcpStream::connect(port.address()).await.unwrap();
    stream.write_all(&[&[5, 1, 0][..], &request("127.0.0.2", hanging.port())].concat()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [5, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert!((10..12).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    assert_eq!(port.failure("127.0.0.2", hanging.port(), begin), Some(Failure::TimedOut));
    eventually("it ended", || guard.alive() == 1).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_the_connecting_for_it() {
    let (hanging, _queue, _listener) = hanging().await;
    let (guard, port) = open_port().await;
    let mut stream = TcpStream::connect(port.address()).await.unwrap();
    stream.write_all(&[5, 1, 0]).await.unwrap();
    assert_eq!(read(&mut stream, 2).await, [5, 0]);
    stream.write_all(&request("127.0.0.2", hanging.port())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(guard.alive(), 2);
    let begin = Instant::now();
    drop(stream);
    eventually("it ended", || guard.alive() == 1).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_closed_port_ends_everything_at_once_and_a_renewed_one_serves_the_next() {
    let guard = Guard::new(policy(&["127.0.0.2"], &[]), Scripted::with(&[]));
    let (port, other) = (guard.open().await.unwrap(), guard.open().await.unwrap());
    let origin = Server::echo("127.0.0.2").await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(reach(&port, "127.0.0.2", origin.port()).await.unwrap());
    }
    let mut bystander = reach(&other, "127.0.0.2", origin.port()).await.unwrap();
    port.renew();
    for mut stream in streams.drain(..) {
        assert!(!matches!(read_all(&mut stream).await, Ok(bytes) if !bytes.is_empty()));
    }
    let mut next = reach(&port, "127.0.0.2", origin.port()).await.unwrap();
    next.write_all(b"next").await.unwrap();
    assert_eq!(read(&mut next, 4).await, b"next");
    let address = port.address();
    port.close();
    assert!(!matches!(read_all(&mut next).await, Ok(bytes) if !bytes.is_empty()));
    eventually("one port and its bystander are left", || guard.alive() == 2).await;
    assert!(TcpStream::connect(address).await.is_err());
    bystander.write_all(b"still here").await.unwrap();
    assert_eq!(read(&mut bystander, 10).await, b"still here");
    guard.shutdown().await;
    assert_eq!(guard.alive(), 0);
    assert!(!matches!(read_all(&mut bystander).await, Ok(bytes) if !bytes.is_empty()));
}
