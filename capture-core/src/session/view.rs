//! The public view of a session.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, SessionId, SessionOptions};
use crate::{action_type::ActionType, billing, clock::Timestamp, egress::Traffic};

/// Whether a session is active, and otherwise the class of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The session has a page, and its time is running.
    Active,
    /// The session was ended by its user, or by the shutdown of its server.
    Closed,
    /// The session ended at its deadline.
    Expired,
    /// The session ended because its browser or its instance failed.
    Error,
}

/// Why a session ended, least severe first. A more severe reason replaces a less severe one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The user closed the session.
    Closed,
    /// The deadline passed.
    Expired,
    /// The server shut down.
    Shutdown,
    /// The browser, or the session's root page, crashed.
    BrowserCrashed,
    /// The process that owned the session died.
    InstanceLost,
}

impl CloseReason {
    /// The wire form of the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Expired => "expired",
            Self::Shutdown => "shutdown",
            Self::BrowserCrashed => "browser_crashed",
            Self::InstanceLost => "instance_lost",
        }
    }

    /// The status of a session that ended for this reason.
    pub fn status(self) -> Status {
        match self {
            Self::Closed | Self::Shutdown => Status::Closed,
            Self::Expired => Status::Expired,
            Self::BrowserCrashed | Self::InstanceLost => Status::Error,
        }
    }
}

/// A session as clients see it. The fields are those of the session object in the API documentation.
///
/// In an active session `closedAt`, `durationSeconds`, `billedCredits` and `closeReason` are null; in a final view they
/// are set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Id of the session, `sess_<uuid>`.
    pub id: SessionId,
    /// Whether the session is active, and otherwise the class of its end.
    pub status: Status,
    /// Why the session ended.
    pub close_reason: Option<CloseReason>,
    /// Time at which the session was requested.
    pub created_at: Timestamp,
    /// Time at which its page was ready and its time began to run.
    pub started_at: Timestamp,
    /// The deadline, at which the session ends at the latest.
    pub expires_at: Timestamp,
    /// Time at which the session ended.
    pub closed_at: Option<Timestamp>,
    /// Run time in whole seconds, rounded down.
    pub duration_seconds: Option<u64>,
    /// Credits charged.
    pub billed_credits: Option<u64>,
    /// Number of attempted actions.
    pub action_count: u64,
    /// Number of actions that succeeded.
    pub action_success_count: u64,
    /// Number of actions that ended in an error.
    pub action_error_count: u64,
    /// The three numbers by action type.
    pub action_breakdown: BTreeMap<ActionType, Count>,
    /// The session's options.
    pub options: SessionOptions,
    /// Extension: credits it would cost if it ended now; only while active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accrued_credits: Option<u64>,
    /// Extension: bytes its pages have sent and received so far; only while active, and only on the instance that owns
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
}

impl SessionView {
    /// Whether the session has not ended.
    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// Seconds until the deadline, rounded up, so that 0 appears only after the end.
    pub fn expires_in_seconds(&self, now: Timestamp) -> u64 {
        if !self.is_active() {
            return 0;
        }
        let left = self.expires_at.since(now);
        u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
    }

    /// The view with the credits it would cost if it ended `now`. A final view is returned unchanged.
    #[must_use]
    pub fn accrued(mut self, now: Timestamp) -> Self {
        if self.is_active() {
            self.accrued_credits = Some(billing::credits_for(self.elapsed(now)));
        }
        self
    }

    /// Run time until `now`, at most until the deadline.
    pub fn elapsed(&self, now: Timestamp) -> Duration {
        now.min(self.expires_at).since(self.started_at)
    }
}
