//! Clients of `connectUrl` that request more than a browser should answer, and clients that do not read the answers.

use std::time::Duration;

use futures::{FutureExt, future::join_all};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    attack::{Attack, devtools, program},
    attacker::Attacker,
};

/// As many clients as a session admits.
const CLIENTS: usize = 16;
const BUSY: &str = "setInterval(() => { for (let i = 0; i < 50; i++) { console.log('x'.repeat(1e4)); document.body.append('x') } }, 5)";
const LARGE: &str = "window.all = []; for (let i = 0; i < 300000; i++) all.push({ i, text: 't' + i })";
const ELEMENTS: &str = "document.body.innerHTML = '<a href=x>x</a><i>y</i>'.repeat(150000)";

pub(super) const ATTACKS: &[Attack] = &[
    devtools(
        "a trace of everything",
        BUSY,
        &[
            (
                "Tracing.start",
                r#"{"transferMode": "ReportEvents", "traceConfig": {"includedCategories": ["*", "disabled-by-default-*"]}}"#,
            ),
            ("Runtime.evaluate", r#"{"expression": "new Promise((y) => setTimeout(y, 1500))", "awaitPromise": true}"#),
            ("Tracing.end", "{}"),
        ],
    ),
    devtools("heap snapshots", LARGE, &[("HeapProfiler.takeHeapSnapshot", r#"{"reportProgress": true}"#)]),
    devtools("heap snapshots, not read", LARGE, &[("HeapProfiler.takeHeapSnapshot", "{}")]).of_many_who_do_not_read(4),
    devtools(
        "sixteen clients who do not read",
        BUSY,
        &[("Runtime.enable", "{}"), ("Network.enable", "{}"), ("DOM.enable", "{}"), ("Log.enable", "{}")],
    )
    .of_many_who_do_not_read(CLIENTS),
    devtools(
        "sixteen clients who read everything",
        BUSY,
        &[("Runtime.enable", "{}"), ("Network.enable", "{}"), ("DOM.getDocument", r#"{"depth": -1, "pierce": true}"#)],
    )
    .of_many(CLIENTS),
    devtools(
        "a whole document, again and again",
        ELEMENTS,
        &[
            ("DOM.getDocument", r#"{"depth": -1, "pierce": true}"#),
            (
                "DOMSnapshot.captureSnapshot",
                r#"{"computedStyles": ["color", "width"], "includePaintOrder": true, "includeDOMRects": true}"#,
            ),
            ("Accessibility.getFullAXTree", "{}"),
            ("Page.captureSnapshot", "{}"),
        ],
    ),
    devtools(
        "values of two hundred megabytes",
        "1",
        &[("Runtime.evaluate", r#"{"expression": "'x'.repeat(2e8)", "returnByValue": true}"#)],
    ),
    devtools(
        "values that grow six-fold",
        "1",
        &[("Runtime.evaluate", r#"{"expression": "'\\u0001'.repeat(6e7)", "returnByValue": true}"#)],
    ),
    devtools(
        "values of two hundred megabytes, not read",
        "1",
        &[("Runtime.evaluate", r#"{"expression": "'x'.repeat(2e8)", "returnByValue": true}"#)],
    )
    .of_many_who_do_not_read(CLIENTS),
    devtools(
        "bodies of answers",
        "const on = () => fetch('data:text/plain,' + 'x'.repeat(3e7)).then((r) => r.text()).finally(() => setTimeout(on, 100)); on()",
        &[
            ("Network.enable", r#"{"maxTotalBufferSize": 1000000000, "maxResourceBufferSize": 1000000000}"#),
            ("Network.getResponseBody", r#"{"requestId": "1"}"#),
            ("Page.getResourceTree", "{}"),
        ],
    ),
    devtools(
        "large pictures",
        "document.body.innerHTML = '<p style=\"width: 9000px; height: 9000px; background: linear-gradient(red, blue)\">'",
        &[(
            "Page.captureScreenshot",
            r#"{"format": "png", "captureBeyondViewport": true, "clip": {"x": 0, "y": 0, "width": 9000, "height": 9000, "scale": 3}}"#,
        )],
    ),
    devtools(
        "a screencast, not acknowledged by four who do not read",
        BUSY,
        &[
            ("Page.startScreencast", r#"{"format": "png", "everyNthFrame": 1}"#),
            ("Page.screencastFrameAck", r#"{"sessionId": 1}"#),
        ],
    )
    .of_many_who_do_not_read(4),
    devtools(
        "PDFs of ten thousand pages",
        "document.body.innerHTML = '<p style=\"break-after: page\">x</p>'.repeat(10000)",
        &[("Page.printToPDF", "{}")],
    ),
    devtools(
        "a page that stays paused",
        "setInterval(() => { debugger }, 1)",
        &[("Debugger.enable", "{}"), ("Debugger.pause", "{}"), ("Runtime.evaluate", r#"{"expression": "1"}"#)],
    ),
    devtools(
        "profiles of everything",
        BUSY,
        &[
            ("Profiler.enable", "{}"),
            (
                "Profiler.startPreciseCoverage",
                r#"{"callCount": true, "detailed": true, "allowTriggeredUpdates": true}"#,
            ),
            ("Profiler.start", "{}"),
            ("Profiler.stop", "{}"),
            ("HeapProfiler.startTrackingHeapObjects", r#"{"trackAllocations": true}"#),
            ("CSS.enable", "{}"),
        ],
    ),
    devtools(
        "refused commands without end",
        "1",
        &[("Browser.crash", "{}"), ("SystemInfo.getInfo", "{}"), ("Page.crash", "{}"), ("Nothing.atAll", "{}")],
    )
    .of_many(CLIENTS),
    devtools(
        "requests that wait to be let go",
        "setInterval(() => { for (let i = 0; i < 100; i++) fetch('https://example.invalid/' + i).catch(() => {}) }, 5)",
        &[("Fetch.enable", "{}"), ("Network.enable", "{}")],
    ),
    devtools(
        "bindings called without end",
        "setInterval(() => { for (let i = 0; i < 1000; i++) window.bound?.('x'.repeat(1e5)) }, 5)",
        &[("Runtime.enable", "{}"), ("Runtime.addBinding", r#"{"name": "bound"}"#)],
    )
    .of_many(4),
    program("pages by the hundred", |a| pages(a).boxed()),
    program("contexts by the hundred", |a| contexts(a).boxed()),
    program("ninety-nine of a hundred megabytes", |a| unfinished(a).boxed()),
    program("commands of ninety-nine megabytes", |a| large(a).boxed()),
    program("clients who come and go", |a| churn(a).boxed()),
];

const CDP: &str = r#"{"cdp": true, "maxTtlSeconds": 240}"#;

async fn session(attacker: &Attacker<'_>) -> Option<String> {
    attacker.create_with(&serde_json::from_str(CDP).unwrap()).await
}

async fn pages(attacker: &Attacker<'_>) {
    let Some(id) = session(attacker).await else { return };
    let Some((mut client, _)) = attacker.connect(&id).await else { return };
    while client.ask(None, "Target.createTarget", json!({"url": "about:blank"})).await.is_ok() {}
}

async fn contexts(attacker: &Attacker<'_>) {
    let Some(id) = session(attacker).await else { return };
    let Some((mut client, _)) = attacker.connect(&id).await else { return };
    while let Ok(made) = client.ask(None, "Target.createBrowserContext", json!({})).await {
        let context = &made["result"]["browserContextId"];
        let _ =
            client.ask(None, "Target.createTarget", json!({"url": "about:blank", "browserContextId": context})).await;
    }
}

async fn churn(attacker: &Attacker<'_>) {
    let Some(id) = session(attacker).await else { return };
    let each = async || loop {
        drop(attacker.connect(&id).await);
    };
    join_all((0..CLIENTS).map(|_| each())).await;
}

/// A plain connection of this user to the browser.
async fn dial(attacker: &Attacker<'_>, id: &str) -> Option<TcpStream> {
    let session = attacker.caller.get(&format!("/v1/sessions/{id}")).await.ok()?;
    let url = session.body["session"]["connectUrl"].as_str()?.to_owned();
    let (address, path) = url.strip_prefix("ws://")?.split_once('/')?;
    let mut stream = TcpStream::connect(address).await.ok()?;
    let upgrade = format!(
        "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n"
    );
    stream.write_all(upgrade.as_bytes()).await.ok()?;
    Some(stream)
}

const TEXT: u8 = 0x81;
const LENGTH: usize = 99 << 20;

/// Begins messages of the largest size, and stops before their ends.
async fn unfinished(attacker: &Attacker<'_>) {
    let Some(id) = session(attacker).await else { return };
    let message = [capture_tests::raw::claim(TEXT, LENGTH as u64 + 1), vec![b' '; LENGTH]].concat();
    let each = async || {
        let Some(mut stream) = dial(attacker, &id).await else { return };
        let _ = stream.write_all(&message).await; // refused at some length, maybe
        tokio::time::sleep(Duration::from_secs(600)).await;
    };
    join_all((0..10).map(|_| each())).await;
}

/// Sends complete messages of the largest size repeatedly.
async fn large(attacker: &Attacker<'_>) {
    let Some(id) = session(attacker).await else { return };
    let start = r#"{"id": 1, "method": "Runtime.evaluate", "params": {"expression": ""#;
    let command = format!("{start}{}\"}}}}", "y".repeat(LENGTH - start.len()));
    let message = capture_tests::raw::frame(TEXT, command.as_bytes());
    let each = async || {
        let Some(mut stream) = dial(attacker, &id).await else { return };
        while stream.write_all(&message).await.is_ok() {}
    };
    join_all((0..4).map(|_| each())).await;
}
