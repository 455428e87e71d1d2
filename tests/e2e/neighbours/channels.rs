//! Clients of the channel that watch without reading, send nothing, or send too much.

use std::{ops::RangeFrom, time::Duration};

use capture_tests::{
    RawSocket, long,
    raw::{BINARY, NOT_LAST, PING, RawSender, TEXT, claim, frame},
};
use capture_ws::codec::Codec;
use futures::{FutureExt, future::join_all};
use serde_json::{Value, json};

use super::{
    attack::{Attack, program},
    attacker::Attacker,
};

/// More unauthenticated connections than one address may have.
const SILENT: usize = 40;
const LARGEST: usize = 1 << 20;
/// A page that changes continuously and logs every change.
const LIVELY: &str = "again(() => { document.body.style.background = `hsl(${Math.random() * 360} 90% 50%)`; for (let i = 0; i < 20; i++) console.log('x'.repeat(4000)) })";

/// As many channels as a user may have, in a long run; in a short one four such users together have as many.
fn channels() -> usize {
    if long() { 20 } else { 5 }
}

pub(super) const ATTACKS: &[Attack] = &[
    program("twenty viewers who do not read", |a| viewers(a, false).boxed()),
    program("twenty viewers who want every picture", |a| viewers(a, true).boxed()),
    program("twenty followers who do not read", |a| followers(a).boxed()),
    program("subscriptions begun and ended", |a| subscriptions(a).boxed()),
    program("strangers who say nothing", |a| silent(a).boxed()),
    program("messages of which the end never comes", |a| unfinished(a).boxed()),
    program("requests without end", |a| requests(a).boxed()),
    program("messages of a megabyte", |a| large(a).boxed()),
    program("messages nested without end", |a| nested(a).boxed()),
    program("pings and empty fragments without end", |a| fragments(a).boxed()),
    program("channels opened and closed", |a| churn(a).boxed()),
    program("pictures of noise, watched", |a| noise(a).boxed()),
];

impl Attacker<'_> {
    async fn channel(&self) -> Option<RawSocket> {
        RawSocket::try_open(self.stage.address(), self.caller.token(), Codec::Json).await
    }

    /// Sends these messages on a channel of its own repeatedly; `reads` tells whether it reads the answers.
    async fn say(&self, messages: &[Value], pause: Duration, reads: bool) {
        let Some(RawSocket { mut sender, mut receiver }) = self.channel().await else { return };
        let reading = async {
            while reads && receiver.next().await.is_some() {}
            std::future::pending::<()>().await;
        };
        let saying = async {
            let mut ids = 1_u64..;
            while say_all(&mut sender, messages, &mut ids).await {
                tokio::time::sleep(pause).await;
            }
        };
        futures::future::select(std::pin::pin!(reading), std::pin::pin!(saying)).await;
    }

    /// Opens [`channels`] channels, and sends raw bytes on each of them repeatedly.
    async fn flood(&self, bytes: &[u8]) {
        let each = async || {
            let Some(mut socket) = self.channel().await else { return };
            while socket.sender.send(bytes).await {}
        };
        join_all((0..channels()).map(|_| each())).await;
    }
}

/// Sends each message with an id of its own; false once the server is gone.
async fn say_all(sender: &mut RawSender, messages: &[Value], ids: &mut RangeFrom<u64>) -> bool {
    for message in messages {
        let mut message = message.clone();
        message["id"] = ids.next().into();
        if !sender.send(&frame(TEXT, message.to_string().as_bytes())).await {
            return false;
        }
    }
    true
}

async fn viewers(attacker: &Attacker<'_>, reads: bool) {
    let Some(id) = attacker.open("lively", LIVELY).await else { return };
    watch(attacker, &id, reads).await;
}

async fn watch(attacker: &Attacker<'_>, id: &str, reads: bool) {
    let wanted = json!({"maxFps": 15, "quality": 80, "maxWidth": 1920, "maxHeight": 1920});
    let messages = [
        json!({"method": "view.start", "sessionId": id, "params": wanted}),
        json!({"method": "view.credit", "sessionId": id, "params": {"count": 10}}),
    ];
    join_all((0..channels()).map(|_| attacker.say(&messages, Duration::from_millis(50), reads))).await;
}

async fn noise(attacker: &Attacker<'_>) {
    let painted = "paintNoise(1900, 1900); again(() => { document.querySelector('canvas').style.left = Math.random() * 9 + 'px' }, 5)";
    let Some(id) = attacker.open("noise", painted).await else { return };
    attacker.act(&id, "screenshot", json!({"viewport": {"width": 1900, "height": 1900}})).await;
    watch(attacker, &id, true).await;
}

async fn followers(attacker: &Attacker<'_>) {
    let Some(id) = attacker.open("lively", LIVELY).await else { return };
    let events = json!({"events": ["console", "errors", "countdown"]});
    let messages = [json!({"method": "session.subscribe", "sessionId": id, "params": events})];
    join_all((0..channels()).map(|_| attacker.say(&messages, Duration::from_millis(500), false))).await;
}

async fn subscriptions(attacker: &Attacker<'_>) {
    let Some(id) = attacker.open("lively", LIVELY).await else { return };
    let messages = [
        json!({"method": "session.subscribe", "sessionId": id, "params": {"events": ["console"]}}),
        json!({"method": "session.unsubscribe", "sessionId": id}),
    ];
    join_all((0..channels()).map(|_| attacker.say(&messages, Duration::ZERO, true))).await;
}

async fn silent(attacker: &Attacker<'_>) {
    let each = async || loop {
        if let Some(mut socket) = RawSocket::try_open(attacker.stage.address(), "", Codec::Json).await {
            socket.close_code().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    join_all((0..SILENT).map(|_| each())).await;
}

async fn unfinished(attacker: &Attacker<'_>) {
    let bytes = [claim(TEXT, LARGEST as u64), vec![b'x'; LARGEST - 1]].concat();
    let each = async || {
        let Some(mut socket) = attacker.channel().await else { return };
        socket.sender.send(&bytes).await;
        socket.close_code().await;
    };
    join_all((0..channels()).map(|_| each())).await;
}

async fn requests(attacker: &Attacker<'_>) {
    let Some(id) = attacker.create().await else { return };
    let messages = [
        json!({"method": "connection.ping"}),
        json!({"method": "session.get", "sessionId": id}),
        json!({"method": "session.list"}),
        json!({"method": "session.fly"}),
    ];
    join_all((0..channels()).map(|_| attacker.say(&messages, Duration::ZERO, true))).await;
}

async fn large(attacker: &Attacker<'_>) {
    let message = json!({"id": 1, "method": "connection.ping", "params": {"x": "y".repeat(LARGEST - 100)}});
    attacker.flood(&frame(TEXT, message.to_string().as_bytes())).await;
}

async fn nested(attacker: &Attacker<'_>) {
    let text = format!("{{\"id\":1,\"method\":\"connection.ping\",\"params\":{}", "[".repeat(LARGEST - 100));
    attacker.flood(&frame(TEXT, text.as_bytes())).await;
}

async fn fragments(attacker: &Attacker<'_>) {
    let bytes = [frame(TEXT ^ NOT_LAST, b""), frame(0, b"").repeat(2000), frame(PING, b"x").repeat(2000)].concat();
    attacker.flood(&[bytes, frame(BINARY, b"")].concat()).await;
}

async fn churn(attacker: &Attacker<'_>) {
    let each = async || loop {
        drop(attacker.channel().await);
    };
    join_all((0..channels()).map(|_| each())).await;
}
