//! The one bounded wait of the tests.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Looks again and again until `look` answers true; fails with `what` after `limit`.
pub async fn until(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + limit;
    while !look().await {
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
