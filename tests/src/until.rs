//! The one bounded wait of the tests.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// A busy machine takes up to this many times as long for anything.
const BUSY: u32 = 4;

/// Polls until `look` returns true; fails with `what` after `limit`, which is the time on an idle machine.
pub async fn until(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> bool) {
    let limit = limit * BUSY;
    let end = Instant::now() + limit;
    while !look().await {
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
