//! Embeds browser sessions in another program: `cargo run -p capture-core --example embed -- https://example.com`

use std::{io::Write, time::Duration};

use capture_core::{
    Caller, Engine, Executed, Sessions, action,
    browser::chromium::{Chromium, ChromiumConfig},
    session::SessionOptions,
};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "data:text/html,<title>Hello</title>".to_owned());
    let chromium = Chromium::start(ChromiumConfig::default()).await?;
    let me = Caller::user("me".parse()?);
    let engine = Engine::builder().backend(chromium).open_to("me".parse()?).build().await?;

    let session = engine.create(me.clone(), SessionOptions::with_ttl(Duration::from_secs(60)), None).await?.session;
    for request in [json!({"type": "goto", "payload": {"url": url}}), json!({"type": "content"})] {
        let reply = engine.execute(me.clone(), session.id, action::parse(&request)?, None).await?;
        if let Executed::Reply(reply) = reply {
            let result = serde_json::to_string_pretty(&*reply.outcome)?;
            writeln!(std::io::stdout(), "{} ms {result}", reply.duration_ms)?;
        }
    }
    let end = engine.close(me, session.id).await?;
    writeln!(std::io::stdout(), "credits: {:?}", end.billed_credits)?;
    engine.shutdown(Duration::ZERO).await;
    Ok(())
}
