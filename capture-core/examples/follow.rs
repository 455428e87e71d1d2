//! Watches a session from another program, and prints a line for everything that happens in it, up to its end.
//!
//! `cargo run -p capture-core --example follow -- https://example.com`

use std::{error::Error, io::Write, time::Duration};

use capture_core::{
    Caller, Engine, Sessions, action,
    actor::Follow,
    browser::chromium::{Chromium, ChromiumConfig},
    event::{EventKind, Since},
    session::{SessionId, SessionOptions},
};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "data:text/html,<title>Hello</title>".to_owned());
    let chromium = Chromium::start(ChromiumConfig::default()).await?;
    let me = Caller::user("me".parse()?);
    let engine = Engine::builder().backend(chromium).open_to("me".parse()?).build().await?;
    let session = engine.create(me.clone(), SessionOptions::with_ttl(Duration::from_secs(60)), None).await?.session;

    // Following begins before the first action, so that no event is missed.
    let follow = engine.follow(me.clone(), session.id, None).await?;
    tokio::try_join!(watch(&engine, &me, follow), drive(&engine, &me, session.id, &url))?;
    engine.shutdown(Duration::ZERO).await;
    Ok(())
}

/// Prints every event up to the last one. A follower that was too slow follows again from the last event it has.
async fn watch(engine: &Engine, me: &Caller, mut follow: Follow) -> Result<(), Box<dyn Error>> {
    loop {
        let mut last = follow.seq;
        let mut missed = std::mem::take(&mut follow.replay).into_iter();
        loop {
            let event = match missed.next() {
                Some(event) => event,
                None => match follow.next().await {
                    Some(event) => event,
                    None => break,
                },
            };
            last = event.seq;
            let params = serde_json::to_string(&event.kind)?;
            writeln!(std::io::stdout(), "{last} {} {params}", event.kind.method())?;
            if let EventKind::SessionClosed(_) = event.kind {
                return Ok(());
            }
        }
        let since = Since { epoch: follow.epoch.clone(), seq: last };
        follow = engine.follow(me.clone(), follow.session.id, Some(since)).await?;
        if !follow.recovered {
            writeln!(std::io::stdout(), "too much was missed; the page is at {}", follow.url)?;
        }
    }
}

async fn drive(engine: &Engine, me: &Caller, id: SessionId, url: &str) -> Result<(), Box<dyn Error>> {
    for request in [json!({"type": "goto", "payload": {"url": url}}), json!({"type": "title"})] {
        engine.execute(me.clone(), id, action::parse(&request)?, None).await?;
    }
    engine.close(me.clone(), id).await?;
    Ok(())
}
