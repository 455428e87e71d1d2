//! The rules of the ledger, as pure functions over one account and one entry.
//!
//! This module owns what is refused, held, charged and released, so that every ledger decides alike. Each function
//! checks first and changes afterwards, so a refusal leaves its arguments unchanged. It must not know locks,
//! transactions or tables.

use super::{ExtendError, LedgerError, Purpose, Reservation, ReserveError};
use crate::{
    account::{Account, AccountChange, AccountError, RenderUsage, UserId},
    clock::Timestamp,
    session::{CloseReason, Lifecycle, SessionView, Usage},
};

/// The largest integer that JSON readers and Lua represent exactly (2^53 − 1). It serves as unlimited.
pub(super) const MOST_CREDITS: u64 = (1 << 53) - 1;

/// The ledger's entry of one session.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The user who pays.
    pub(super) user: UserId,
    /// What it is an entry of.
    pub(super) purpose: Purpose,
    /// Credits held for the session; in a final entry, the credits that were held.
    pub(super) hold: u64,
    /// State of the session.
    pub(super) state: State,
}

/// The states of an entry. Transitions only go forward.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Holds credits and a place; the browser is not ready yet.
    Reserved,
    /// The session is active.
    Active(Lifecycle),
    /// The session has ended and was charged.
    Final(SessionView),
}

/// The user's entries for one purpose that are not final.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    /// Their number, reservations included.
    pub(super) count: u32,
    /// Earliest deadline among those that have started.
    pub(super) first_expires_at: Option<Timestamp>,
}

impl Entry {
    /// The view of a session that has started.
    pub(super) fn view(&self) -> Option<SessionView> {
        match &self.state {
            State::Reserved => None,
            State::Active(life) => Some(life.view()),
            State::Final(view) => Some(view.clone()),
        }
    }

    /// The view if `user` owns the session and it did not end before `not_before`.
    pub(super) fn visible_to(&self, user: &UserId, not_before: Timestamp) -> Option<SessionView> {
        if self.user != *user || self.ended_before(not_before) { None } else { self.view() }
    }

    /// Whether the session is final and ended before this time.
    pub(super) fn ended_before(&self, before: Timestamp) -> bool {
        matches!(&self.state, State::Final(view) if view.closed_at.is_some_and(|closed_at| closed_at < before))
    }
}

/// Holds the credits for a new session and returns its entry; `None` if `known` shows that this call was made before.
pub(super) fn reserve(
    account: &mut Account,
    known: Option<&Entry>,
    live: Live,
    asked: &Reservation,
) -> Result<Option<Entry>, ReserveError> {
    match known {
        Some(entry) if entry.user == asked.user && matches!(entry.state, State::Reserved) => return Ok(None),
        Some(_) => return Err(LedgerError::new("reserve a session", "its id is taken").into()),
        None => {}
    }
    if !account.enabled {
        return Err(ReserveError::Disabled);
    }
    // The limit is checked before the credits: a user at the limit can wait, and a session that ends also releases its
    // hold.
    let own = account.max_sessions.filter(|_| asked.purpose == Purpose::Session);
    let max = own.unwrap_or(asked.limit);
    if live.count >= max {
        return Err(ReserveError::Limit { active: live.count, max, first_expires_at: live.first_expires_at });
    }
    hold(account, asked.hold).map_err(|available| ReserveError::Credits { needed: asked.hold, available })?;
    let Reservation { user, purpose, hold, .. } = asked;
    Ok(Some(Entry { user: user.clone(), purpose: *purpose, hold: *hold, state: State::Reserved }))
}

/// Releases the hold of an entry that leaves the ledger unbilled. Returns false if the session has started and stays.
pub(super) fn release(account: &mut Account, entry: &Entry) -> bool {
    let reserved = matches!(entry.state, State::Reserved);
    if reserved {
        account.held = account.held.saturating_sub(entry.hold);
    }
    reserved
}

/// Charges an entry that leaves the ledger. Returns false if it is no reserved render, and then changes nothing.
pub(super) fn charge(account: &mut Account, entry: &Entry, credits: u64) -> bool {
    let is_due = entry.purpose == Purpose::Render && matches!(entry.state, State::Reserved);
    if is_due {
        account.held = account.held.saturating_sub(entry.hold);
        account.credits = account.credits.map(|before| before.saturating_sub(credits));
        account.renders.count = account.renders.count.saturating_add(1);
        account.renders.credits = account.renders.credits.saturating_add(credits);
    }
    is_due
}

/// Starts a reserved session. An active session is not changed, since then this call was made before.
pub(super) fn activate(entry: &mut Entry, view: &SessionView) -> Result<(), LedgerError> {
    match entry.state {
        State::Reserved if entry.purpose == Purpose::Render => {
            return Err(LedgerError::new("activate a session", "it is a render"));
        }
        State::Reserved => entry.state = State::Active(Lifecycle::restore(view)),
        State::Active(_) => {}
        State::Final(_) => return Err(LedgerError::new("activate a session", "it has ended")),
    }
    Ok(())
}

/// Records the counters of an active session. Returns false if the session is not active, and then changes nothing.
pub(super) fn count(entry: &mut Entry, usage: &Usage) -> bool {
    let State::Active(life) = &mut entry.state else {
        return false;
    };
    // Only ended attempts are recorded: a store keeps no running ones, and recovery must not depend on the kind of
    // ledger.
    life.usage = Usage::from(usage.breakdown().clone());
    true
}

/// Sets a new deadline and adjusts the hold to it.
pub(super) fn extend(
    account: &mut Account,
    entry: &mut Entry,
    expires_at: Timestamp,
    new_hold: u64,
) -> Result<(), ExtendError> {
    let State::Active(life) = &mut entry.state else {
        return Err(ExtendError::Inactive);
    };
    match new_hold.checked_sub(entry.hold) {
        Some(needed) => {
            hold(account, needed).map_err(|available| ExtendError::Credits { needed, available })?;
        }
        None => account.held = account.held.saturating_sub(entry.hold - new_hold),
    }
    entry.hold = new_hold;
    life.renew(expires_at);
    Ok(())
}

/// Charges a session and releases its hold. Returns the valid final view, which is the earlier one if the session is
/// already final.
///
/// A reservation is charged as well: its final view says that it started, even if the call to activate it was lost.
pub(super) fn settle(account: &mut Account, entry: &mut Entry, last: SessionView) -> Result<SessionView, LedgerError> {
    if let State::Final(earlier) = &entry.state {
        return Ok(earlier.clone());
    }
    if entry.purpose == Purpose::Render {
        return Err(LedgerError::new("settle a session", "it is a render"));
    }
    let (Some(_), Some(_), Some(billed)) = (last.close_reason, last.closed_at, last.billed_credits) else {
        return Err(LedgerError::new("settle a session", "it has not ended"));
    };
    account.held = account.held.saturating_sub(entry.hold);
    // The hold covers the bill, unless the operator has since set the credits below the holds. The difference is not
    // charged.
    account.credits = account.credits.map(|credits| credits.saturating_sub(billed));
    entry.state = State::Final(last.clone());
    Ok(last)
}

/// The final view of an active session whose process died. It ends at the last heartbeat: the server's last one, or the
/// session's own start if that was later, to which the lifecycle clamps.
pub(super) fn lost(life: Lifecycle, last_beat: Option<Timestamp>) -> SessionView {
    let started_at = life.view().started_at;
    life.settle(CloseReason::InstanceLost, last_beat.unwrap_or(started_at))
}

/// The account as it is added. A new user has nothing held.
pub(super) fn opened(mut account: Account) -> Account {
    account.held = 0;
    account.renders = RenderUsage::default();
    account.credits = account.credits.map(|credits| credits.min(MOST_CREDITS));
    account
}

/// Applies an operator's change.
pub(super) fn change(account: &mut Account, change: AccountChange) -> Result<(), AccountError> {
    match change {
        AccountChange::Enable => account.enabled = true,
        AccountChange::Disable => account.enabled = false,
        AccountChange::AddCredits(more) => {
            account.credits = account.credits.map(|credits| credits.saturating_add(more).min(MOST_CREDITS));
        }
        AccountChange::SetCredits(credits) => account.credits = credits.map(|credits| credits.min(MOST_CREDITS)),
        AccountChange::SetProxy(proxy) => account.proxy = proxy,
        AccountChange::SetMaxSessions(max) => account.max_sessions = max,
        AccountChange::AddSecret(secret) if account.accepts(&secret.hash) => {}
        AccountChange::AddSecret(secret) => account.secrets.push(secret),
        AccountChange::RevokeSecret(secret) if account.accepts(&secret) => {
            account.secrets.retain(|known| !known.hash.matches(&secret));
        }
        AccountChange::RevokeSecret(_) => return Err(AccountError::UnknownSecret(account.id.clone())),
    }
    Ok(())
}

/// The error for a missing entry or a missing account of an entry.
pub(super) fn unknown(what: &'static str) -> LedgerError {
    LedgerError::new(what, "it is not in the ledger")
}

/// Holds `more` credits, or returns the number of available ones.
fn hold(account: &mut Account, more: u64) -> Result<(), u64> {
    match account.available() {
        Some(available) if available < more => Err(available),
        _ => {
            account.held = account.held.saturating_add(more);
            Ok(())
        }
    }
}
