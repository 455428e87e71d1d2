//! The life of a session as a pure state machine: its deadline, its counters and its end.
//!
//! This module must not know tasks, pages or clocks: every time is a parameter. [`Lifecycle::settle`] consumes the
//! value, so a session cannot end twice.

use std::time::Duration;

use super::{CloseReason, SessionId, SessionOptions, SessionView, Status, Usage};
use crate::{billing, clock::Timestamp};

/// An active session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    id: SessionId,
    options: SessionOptions,
    created_at: Timestamp,
    started_at: Timestamp,
    expires_at: Timestamp,
    /// Counters of the actions attempted so far.
    pub usage: Usage,
}

/// The error for a renewal that cannot be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session can live until {longest_seconds} s from now at most")]
pub struct BeyondMaximum {
    /// The longest time to live that a renewal could request now, in seconds.
    pub longest_seconds: u64,
}

impl Lifecycle {
    /// A session that was requested at `created_at` and whose page became ready at `started_at`.
    pub fn start(id: SessionId, options: SessionOptions, created_at: Timestamp, started_at: Timestamp) -> Self {
        let expires_at = started_at.plus(options.max_ttl());
        Self { id, options, created_at, started_at, expires_at, usage: Usage::default() }
    }

    /// A session restored from the view a ledger recorded.
    pub fn restore(view: &SessionView) -> Self {
        Self {
            id: view.id,
            options: view.options,
            created_at: view.created_at,
            started_at: view.started_at,
            expires_at: view.expires_at,
            usage: Usage::from(view.action_breakdown.clone()),
        }
    }

    /// The deadline.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The deadline that a renewal by `ttl` at `now` would set.
    ///
    /// # Errors
    /// When the deadline would be later than `max_ttl` after the start.
    pub fn renewal(&self, now: Timestamp, ttl: Duration, max_ttl: Duration) -> Result<Timestamp, BeyondMaximum> {
        let latest = self.started_at.plus(max_ttl);
        let wanted = now.plus(ttl);
        if wanted > latest {
            return Err(BeyondMaximum { longest_seconds: latest.since(now).as_secs() });
        }
        Ok(wanted)
    }

    /// Sets the deadline of a granted renewal.
    pub fn renew(&mut self, expires_at: Timestamp) {
        self.expires_at = expires_at;
    }

    /// Credits that a hold must cover for a deadline at `expires_at`.
    pub fn hold_until(&self, expires_at: Timestamp) -> u64 {
        billing::hold_for(expires_at.since(self.started_at))
    }

    /// The view of the active session.
    pub fn view(&self) -> SessionView {
        let sum = self.usage.sum();
        SessionView {
            id: self.id,
            status: Status::Active,
            close_reason: None,
            created_at: self.created_at,
            started_at: self.started_at,
            expires_at: self.expires_at,
            closed_at: None,
            duration_seconds: None,
            billed_credits: None,
            action_count: sum.total,
            action_success_count: sum.success,
            action_error_count: sum.error,
            action_breakdown: self.usage.breakdown().clone(),
            options: self.options,
            accrued_credits: None,
            traffic: None,
        }
    }

    /// Ends the session and returns its final view with the credits charged.
    ///
    /// `now` is clamped to `[started_at, expires_at]`, so a late timer never costs a credit, and an expired session
    /// ends exactly at its deadline.
    pub fn settle(mut self, reason: CloseReason, now: Timestamp) -> SessionView {
        self.usage.end_all();
        let ended = if reason == CloseReason::Expired { self.expires_at } else { now };
        let closed_at = ended.clamp(self.started_at, self.expires_at.max(self.started_at));
        let elapsed = closed_at.since(self.started_at);
        SessionView {
            status: reason.status(),
            close_reason: Some(reason),
            closed_at: Some(closed_at),
            duration_seconds: Some(elapsed.as_secs()),
            billed_credits: Some(billing::credits_for(elapsed)),
            ..self.view()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000);

    fn session(ttl: u64) -> Lifecycle {
        Lifecycle::start(SessionId::new(), SessionOptions::with_ttl(Duration::from_secs(ttl)), START, START)
    }

    #[test]
    fn the_end_is_clamped_to_the_time_paid_for() {
        for (after_ms, reason, seconds, credits) in [
            (-5_000, CloseReason::Closed, 0, 1),
            (0, CloseReason::Closed, 0, 1),
            (59_999, CloseReason::BrowserCrashed, 59, 1),
            (60_001, CloseReason::Shutdown, 60, 2),
            (900_000, CloseReason::Closed, 120, 2),
            (10, CloseReason::Expired, 120, 2),
            (120_700, CloseReason::Expired, 120, 2),
        ] {
            let end = session(120).settle(reason, Timestamp(START.0 + after_ms));
            assert_eq!(
                (end.duration_seconds, end.billed_credits),
                (Some(seconds), Some(credits)),
                "{after_ms} {reason:?}"
            );
            assert_eq!(end.status, reason.status());
        }
    }

    #[test]
    fn a_renewed_session_ends_and_holds_accordingly() {
        let mut life = session(60);
        let later = START.plus(Duration::from_secs(150));
        assert_eq!((life.hold_until(life.expires_at()), life.hold_until(later)), (1, 3));
        life.renew(later);
        assert_eq!(life.expires_at(), later);
        assert_eq!(life.settle(CloseReason::Expired, later).billed_credits, Some(3));
    }

    #[test]
    fn renewal_counts_from_now_and_stops_at_the_maximum() {
        let life = session(60);
        let now = START.plus(Duration::from_secs(30));
        let max = Duration::from_secs(900);
        assert_eq!(life.renewal(now, Duration::from_secs(870), max), Ok(START.plus(max)));
        assert_eq!(life.renewal(now, Duration::from_secs(871), max), Err(BeyondMaximum { longest_seconds: 870 }));
        assert_eq!(life.renewal(now, Duration::from_secs(10), max), Ok(START.plus(Duration::from_secs(40))));
    }
}
