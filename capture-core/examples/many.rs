//! Runs ten thousand sessions at once on simulated pages until all expire, and measures how late they end and what they
//! cost.
//!
//! `cargo run --release -p capture-core --example many -- 10000` prints a line of JSON with times in milliseconds.

use std::{io::Write, time::Duration};

use capture_core::{
    Caller, Engine, Limits, Sessions, action,
    browser::simulated::Simulated,
    event::EventKind,
    session::{SessionId, SessionOptions},
};
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

/// Times to live in seconds, spread so that sessions end continuously and not all at once.
const SECONDS: std::ops::RangeInclusive<u64> = 3..=7;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(10_000), |count| count.parse())?;
    let limits = Limits { max_sessions: usize::MAX >> 4, sessions_per_user: u32::MAX, ..Limits::default() };
    let me = Caller::user("me".parse()?);
    let engine = Engine::builder().limits(limits).backend(Simulated::default()).open_to("me".parse()?).build().await?;
    let mut ends = JoinSet::new();
    let title = action::parse(&json!({"type": "title"}))?;
    for number in 0..count {
        let ttl = Duration::from_secs(SECONDS.start() + number % (SECONDS.end() - SECONDS.start() + 1));
        let begun = Instant::now();
        let session = engine.create(me.clone(), SessionOptions::with_ttl(ttl), None).await?.session;
        engine.execute(me.clone(), session.id, title.clone(), None).await?;
        ends.spawn(end(engine.clone(), me.clone(), session.id, begun + ttl));
    }
    let mut late: Vec<f64> = Vec::new();
    let mut credits = 0;
    while let Some(ended) = ends.join_next().await {
        let (lateness, billed) = ended?.ok_or("a session's end was not told")?;
        late.push(lateness.as_secs_f64() * 1000.0);
        credits += billed;
    }
    late.sort_by(f64::total_cmp);
    let at = |share: usize| late.get((late.len() * share / 100).min(late.len() - 1)).copied();
    let line = json!({"sessions": count, "credits": credits, "p50": at(50), "p99": at(99), "max": late.last()});
    writeln!(std::io::stdout(), "{line}")?;
    engine.shutdown(Duration::ZERO).await;
    Ok(())
}

/// Measures how late after its deadline a session's end was reported, and what it cost. The deadline is counted from
/// before the creation, so the result is too high rather than too low.
async fn end(engine: Engine, me: Caller, id: SessionId, deadline: Instant) -> Option<(Duration, u64)> {
    let mut follow = engine.follow(me, id, None).await.ok()?;
    loop {
        let event = follow.next().await?;
        if let EventKind::SessionClosed(closed) = &event.kind {
            return Some((deadline.elapsed(), closed.session.billed_credits?));
        }
    }
}
