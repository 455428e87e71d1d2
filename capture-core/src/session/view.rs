//! What the outside sees of a session.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, SessionId, SessionOptions};
use crate::{action_type::ActionType, billing, clock::Timestamp, egress::Traffic};

/// Whether a session runs, and if not, in which class its end falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has a page; its time runs.
    Active,
    /// Ended by its user, or by a server that shut down.
    Closed,
    /// Ended by its deadline.
    Expired,
    /// Ended by a failure of its browser or its instance.
    Error,
}

/// Why a session ended, least severe first: a greater reason replaces a lesser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// By its user.
    Closed,
    /// By its deadline.
    Expired,
    /// The server stopped.
    Shutdown,
    /// The browser, or the session's own page, died.
    BrowserCrashed,
    /// The process that held it died.
    InstanceLost,
}

impl CloseReason {
    /// The wire form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Expired => "expired",
            Self::Shutdown => "shutdown",
            Self::BrowserCrashed => "browser_crashed",
            Self::InstanceLost => "instance_lost",
        }
    }

    /// The status a session with this reason has.
    pub fn status(self) -> Status {
        match self {
            Self::Closed | Self::Shutdown => Status::Closed,
            Self::Expired => Status::Expired,
            Self::BrowserCrashed | Self::InstanceLost => Status::Error,
        }
    }
}

/// A session as clients read it; field for field the public contract's session object.
///
/// While active `closedAt`, `durationSeconds`, `billedCredits` and `closeReason` are null; in a final view they are set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// `sess_<uuid>`.
    pub id: SessionId,
    /// Whether it runs.
    pub status: Status,
    /// Why it ended.
    pub close_reason: Option<CloseReason>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its page was ready and its time began.
    pub started_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// How long it ran, in whole seconds, rounded down.
    pub duration_seconds: Option<u64>,
    /// What it cost.
    pub billed_credits: Option<u64>,
    /// Attempted actions.
    pub action_count: u64,
    /// Of these, ended well.
    pub action_success_count: u64,
    /// Of these, ended in an error.
    pub action_error_count: u64,
    /// The same by action type.
    pub action_breakdown: BTreeMap<ActionType, Count>,
    /// What it was asked for.
    pub options: SessionOptions,
    /// Extension: what it would cost if it ended now; only while active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accrued_credits: Option<u64>,
    /// Extension: bytes its pages sent and received so far; only while active, and only on the instance that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
}

impl SessionView {
    /// Whether it has not ended.
    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// Seconds until it ends, rounded up: 0 only after the end.
    pub fn expires_in_seconds(&self, now: Timestamp) -> u64 {
        if !self.is_active() {
            return 0;
        }
        let left = self.expires_at.since(now);
        u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
    }

    /// The same view with what it would cost if it ended `now`; a final view is unchanged.
    #[must_use]
    pub fn accrued(mut self, now: Timestamp) -> Self {
        if self.is_active() {
            self.accrued_credits = Some(billing::credits_for(self.elapsed(now)));
        }
        self
    }

    /// How long it has run by `now`, never longer than to its deadline.
    pub fn elapsed(&self, now: Timestamp) -> Duration {
        now.min(self.expires_at).since(self.started_at)
    }
}
