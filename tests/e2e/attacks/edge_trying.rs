//! Sends the rows of the edge's table over plain sockets.

use std::{collections::HashMap, time::Duration};

use capture_tests::{Client, Server};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    arena::connect_url,
    canary::Canary,
    row::{Attempt, Row},
};

/// Longer than any answer takes; the deadline for request heads is shorter.
const HANGS: Duration = Duration::from_secs(15);
/// The public token of the user of `--dev`.
const DEV: &str = "ZGV2OmRldg==";
const UPGRADE: &str = "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n\
                       Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\n";
/// Length of an oversized header, in bytes.
const LONG: usize = 256 << 10;

/// Sends each row; its answer must be among the permitted ones.
pub(super) async fn withstand(rows: &[Row]) {
    let (server, dev) = (Server::start().await, Server::start_with(&["--dev"]).await);
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let places = places(&server, &dev, (&ann, &bob)).await;
    let mut failed = Vec::new();
    for row in rows {
        let canary = Canary::start().await;
        let came = send(row, &places, &canary).await;
        failed.extend(came.err().map(|why| format!("{} ({}): {why}", row.id, row.title)));
        let seen = canary.seen();
        failed.extend((!seen.is_empty()).then(|| format!("{} ({}): reached {seen:?}", row.id, row.title)));
    }
    assert!(failed.is_empty(), "{} of {}\n{}", failed.len(), rows.len(), failed.join("\n"));
    ann.session(&places["cdp-session"]).await.expect(200);
    server.stop().await;
    dev.stop().await;
}

/// The placeholders that requests may use.
async fn places(server: &Server, dev: &Server, (ann, bob): (&Client, &Client)) -> HashMap<&'static str, String> {
    let session = ann.create(&json!({"cdp": true})).await;
    let ended = ann.create(&json!({"cdp": true})).await;
    let path = async |client: &Client, id: &str| {
        let url = connect_url(client, id).await.unwrap();
        format!("/cdp{}", url.split_once("/cdp").unwrap().1)
    };
    let (cdp, of_ended) = (path(ann, &session).await, path(ann, &ended).await);
    ann.close(&ended).await.expect(200);
    let dev_user = dev.client(DEV);
    let dev_cdp = path(&dev_user, &dev_user.create(&json!({"cdp": true})).await).await;
    let ticket = ann.post("/v1/stream/tickets", &json!({})).await.expect(200).text("ticket").to_owned();
    let (body, seal) = cdp.rsplit_once('.').unwrap();
    let other_seal = of_ended.rsplit_once('.').unwrap().1;
    let flipped =
        if seal.starts_with('A') { seal.replacen('A', "B", 1) } else { format!("A{}", seal.get(1..).unwrap()) };
    let token = ann.token().to_owned();
    HashMap::from([
        ("server", server.address().to_owned()),
        ("dev", dev.address().to_owned()),
        ("upgrade", UPGRADE.to_owned()),
        ("long", "x".repeat(LONG)),
        ("dev-token", DEV.to_owned()),
        ("dev-cdp", dev_cdp),
        ("bob-token", bob.token().to_owned()),
        ("token-cut", token.get(..token.len() / 2).unwrap().to_owned()),
        ("token", token),
        ("ticket", ticket),
        ("cdp-session", session),
        ("cdp-forged", format!("{body}.{flipped}")),
        ("cdp-moved", format!("{body}.{other_seal}")),
        ("cdp-cut", format!("{body}.{}", seal.get(..seal.len() / 2).unwrap())),
        ("cdp-version", cdp.replacen("v1.", "v0.", 1)),
        ("cdp-token", cdp.rsplit_once('=').unwrap().1.to_owned()),
        ("cdp-ended", of_ended),
        ("cdp", cdp),
    ])
}

async fn send(row: &Row, places: &HashMap<&str, String>, canary: &Canary) -> Result<(), String> {
    let Attempt::Request(text, answers) = row.attempt else { panic!("{} is no request", row.id) };
    let local = text.replace("{{canary}}", &format!("127.0.0.1:{}", canary.port()));
    let text = local.replace("{{port}}", &canary.port().to_string());
    let fill = |text: String, (name, value): (&&str, &String)| text.replace(&format!("{{{{{name}}}}}"), value);
    let text = places.iter().fold(text, fill);
    let to_dev = local.contains("\nHost: evil") || local.contains("/demo/config");
    let answer = exchange(&places[if to_dev { "dev" } else { "server" }], &text).await?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let lower = answer.to_lowercase();
    let read = ["access-control-allow-origin", "set-cookie", "evil.test"].into_iter().find(|word| lower.contains(word));
    match (answers.contains(&status), read) {
        (false, _) => Err(format!("was answered {}", answer.get(..300).unwrap_or(&answer))),
        (_, Some(word)) => Err(format!("{word} stands in {answer}")),
        _ => Ok(()),
    }
}

/// Sends a text and returns everything that is answered until the connection ends.
async fn exchange(address: &str, text: &str) -> Result<String, String> {
    let text = text.replace('\n', "\r\n");
    let text = if text.contains("\r\n\r\n") { text } else { text + "\r\n" };
    let mut socket = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let _ = socket.write_all(text.as_bytes()).await; // the server may refuse before it has read everything
    let mut answer = vec![0; 4096];
    match timeout(HANGS, socket.read(&mut answer)).await {
        Err(_) => Err("no answer".to_owned()),
        Ok(read) => Ok(String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned()),
    }
}
