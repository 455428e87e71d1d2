//! The heartbeat: one write to the ledger for all live sessions, with the counters that changed.

use std::{collections::HashMap, sync::Weak, time::Duration};

use tokio::time::{Instant, MissedTickBehavior};

use super::{Engine, Inner};
use crate::{
    ledger::{HeartbeatResponse, UsageUpdate},
    session::{SessionId, Usage},
};

/// Starts the heartbeat, and the removal of old final sessions every `prune_every`. Both stop with the engine.
pub(super) fn start(engine: &Engine, prune_every: Duration) {
    let inner = std::sync::Arc::downgrade(&engine.inner);
    let background = engine.inner.background.clone();
    let period = engine.inner.services.limits.heartbeat;
    engine.inner.background.spawn(async move {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reported = HashMap::new();
        let mut next_prune = Instant::now() + prune_every;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = background.stopped() => return,
            }
            if !heartbeat(&inner, &mut reported).await {
                return;
            }
            if Instant::now() >= next_prune {
                next_prune = Instant::now() + prune_every;
                prune(&inner).await;
            }
        }
    });
}

/// Sends one heartbeat; returns false when the engine is gone.
async fn heartbeat(inner: &Weak<Inner>, reported: &mut HashMap<SessionId, u64>) -> bool {
    let Some(inner) = inner.upgrade() else { return false };
    inner.ended.lock().forget_logs();
    let mut counts = HashMap::new();
    let mut changed = Vec::new();
    for handle in &inner.live {
        let view = handle.view();
        counts.insert(view.id, view.action_count);
        if view.is_active() && reported.get(&view.id) != Some(&view.action_count) {
            changed.push(UsageUpdate { id: view.id, usage: Usage::from(view.action_breakdown) });
        }
    }
    let sent = Instant::now();
    let response = inner.services.ledger.heartbeat(inner.services.clock.now(), changed).await;
    if inner.services.ledger.lease().is_none() {
        // With a lease, one missed heartbeat is no reason to refuse clients.
        *inner.unwritten.lock() = response.as_ref().err().map(ToString::to_string);
    }
    match response {
        Ok(HeartbeatResponse { refused, lost }) => {
            *reported = counts;
            lose(&inner, lost).await;
            inner.services.lease.renew(sent);
            close(&inner, refused);
        }
        Err(error) => tracing::warn!(%error, "the heartbeat could not be written"),
    }
    true
}

/// Ends sessions that other instances have settled, before anything else begins in them.
async fn lose(inner: &Inner, sessions: Vec<SessionId>) {
    for id in sessions {
        let Some(handle) = inner.live.get(&id).map(|handle| handle.clone()) else { continue };
        handle.lose().await;
    }
}

/// Closes sessions that the ledger wants closed.
fn close(inner: &Inner, sessions: Vec<SessionId>) {
    for id in sessions {
        let Some(handle) = inner.live.get(&id).map(|handle| handle.clone()) else { continue };
        inner.background.spawn(async move {
            let _ = handle.close().await; // the session's own end logs its errors
        });
    }
}

async fn prune(inner: &Weak<Inner>) {
    let Some(inner) = inner.upgrade() else { return };
    let now = inner.services.clock.now();
    let before = crate::clock::Timestamp(now.0 - crate::clock::millis(inner.services.limits.final_retention));
    if let Err(error) = inner.services.ledger.prune(before).await {
        tracing::warn!(%error, "old sessions could not be forgotten");
    }
}
