//! Measures what channels cost the server, and prints JSON: idle channels, and channels that each watch a session with
//! a countdown per second. Pages are simulated. The server is a process of its own, whose memory and CPU time are read
//! from `/proc`.
//!
//! ```sh
//! cargo run --release -p capture-http --example channels -- 10000
//! ```
#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for a terminal; JSON that is missing reads as null"
)]

use std::{
    error::Error,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use capture_core::{
    Engine, Limits,
    account::{Account, Accounts, Secret},
    browser::simulated::Simulated,
    ledger::MemoryLedger,
};
use capture_http::{App, EdgeSettings, client_address::TrustedProxies, router, server};
use capture_ws::limits::ChannelLimits;
use futures::{SinkExt, StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

type Failure = Box<dyn Error + Send + Sync>;
type Socket = WebSocketStream<TcpStream>;

/// How long each state is measured.
const LOOK: Duration = Duration::from_secs(30);
/// base64 of `ann:secret`.
const TOKEN: &str = "YW5uOnNlY3JldA==";
/// Connections that are opened at once.
const AT_ONCE: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => serve().await,
        Some(count) => measure(count.parse()?).await,
        None => Err("usage: channels COUNT".into()),
    }
}

async fn serve() -> Result<(), Failure> {
    let ledger = Arc::new(MemoryLedger::new());
    ledger.add(Account::new("ann".parse()?, Secret::chosen("secret").hash())).await?;
    let limits = Limits { sessions_per_user: 1_000_000, max_sessions: 1_000_000, ..Limits::default() };
    let engine =
        Engine::builder().limits(limits).backend(Simulated::default()).ledger(Arc::clone(&ledger)).build().await?;
    let (connections, connections_per_user) = (1_000_000, 1_000_000);
    let channels = ChannelLimits {
        connections,
        connections_per_user,
        strangers_per_address: 1_000_000,
        ..ChannelLimits::default()
    };
    let app = Arc::new(App::new(&engine, ledger, None, EdgeSettings { channels, ..EdgeSettings::default() })?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    server::serve(listener, router(app), TrustedProxies::default(), std::future::pending(), Duration::ZERO).await;
    Ok(())
}

async fn measure(count: usize) -> Result<(), Failure> {
    let (mut child, address) = launch()?;
    let pid = child.id();
    let before = memory(pid);
    let mut sockets = open(&address, count).await?;
    let opened = memory(pid);
    let idle = cores(pid, async { read_for(&mut sockets, LOOK).await }).await;
    let begun = Instant::now();
    watch(&mut sockets).await?;
    let subscribed = begun.elapsed();
    let mut told = 0;
    let watching = cores(pid, async { told = read_for(&mut sockets, LOOK).await }).await;
    child.kill()?;
    child.wait()?;
    let each = (opened.saturating_sub(before)) / count;
    println!(
        "{}",
        json!({"connections": count, "bytesEach": each, "idleCores": idle, "watchingCores": watching,
            "framesPerSecond": told as u64 / LOOK.as_secs(), "subscribedSeconds": subscribed.as_secs_f64()})
    );
    Ok(())
}

fn launch() -> Result<(Child, String), Failure> {
    let mut child = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok((child, line.trim().to_owned()))
}

async fn open(address: &str, count: usize) -> Result<Vec<Socket>, Failure> {
    let connect = async |_: usize| {
        let mut request = format!("ws://{address}/v1/stream").into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse()?);
        request.headers_mut().insert("sec-websocket-protocol", "capture.v1.msgpack".parse()?);
        let (socket, _answer) = client_async(request, TcpStream::connect(address).await?).await?;
        Ok::<Socket, Failure>(socket)
    };
    let mut sockets = Vec::with_capacity(count);
    for chunk in (0..count).collect::<Vec<_>>().chunks(AT_ONCE) {
        let opening: FuturesUnordered<_> = chunk.iter().map(|number| connect(*number)).collect();
        for socket in opening.collect::<Vec<_>>().await {
            sockets.push(socket?);
        }
    }
    Ok(sockets)
}

/// Makes each connection create a session and watch it.
async fn watch(sockets: &mut [Socket]) -> Result<(), Failure> {
    for chunk in sockets.chunks_mut(AT_ONCE) {
        let watching: FuturesUnordered<_> = chunk.iter_mut().map(watch_one).collect();
        for done in watching.collect::<Vec<_>>().await {
            done?;
        }
    }
    Ok(())
}

async fn watch_one(socket: &mut Socket) -> Result<(), Failure> {
    let created = ask(socket, &json!({"id": 1, "method": "session.create", "params": {"maxTtlSeconds": 900}})).await?;
    let params = json!({"events": ["countdown"], "countdownMs": 1_000});
    let id = &created["result"]["session"]["id"];
    ask(socket, &json!({"id": 2, "method": "session.subscribe", "sessionId": id, "params": params})).await?;
    Ok(())
}

async fn ask(socket: &mut Socket, frame: &Value) -> Result<Value, Failure> {
    socket.send(Message::Binary(rmp_serde::to_vec_named(frame)?.into())).await?;
    loop {
        if let Message::Binary(bytes) = socket.next().await.ok_or("closed")?? {
            let answer: Value = rmp_serde::from_slice(&bytes)?;
            if answer["id"] == frame["id"] {
                return Ok(answer);
            }
        }
    }
}

/// Reads whatever arrives on all connections for `time`. Returns the number of frames.
async fn read_for(sockets: &mut [Socket], time: Duration) -> usize {
    let mut frames = 0;
    let all = futures::stream::select_all(sockets.iter_mut());
    let reading = all.for_each(|message| {
        frames += usize::from(matches!(message, Ok(Message::Binary(_))));
        std::future::ready(())
    });
    let _ = tokio::time::timeout(time, reading).await; // the readers never end by themselves
    frames
}

/// CPU cores that the process uses on average while `meanwhile` runs.
async fn cores(pid: u32, meanwhile: impl Future<Output = impl Sized>) -> f64 {
    let (before, begun) = (ticks(pid), Instant::now());
    drop(meanwhile.await);
    // USER_HZ, which is 100 on every Linux that is supported.
    (ticks(pid) - before) / 100.0 / begun.elapsed().as_secs_f64()
}

fn ticks(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields =
        stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace().collect::<Vec<_>>()).unwrap_or_default();
    let at = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    at(11) + at(12)
}

/// Private memory of the process, in bytes.
fn memory(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).unwrap_or_default() * 1024
}
