//! A ledger in this process's memory, for tests and for engines that need no durable storage.
//!
//! This module owns the state and the one lock that stands in for a transaction. The rules are in [`rules`].

use std::{collections::BTreeMap, sync::Arc};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::{
    ExtendError, HeartbeatResponse, Ledger, LedgerError, Purpose, Reservation, ReserveError, UsageUpdate,
    rules::{self, Entry, Live, State},
};
use crate::{
    account::{
        Account, AccountChange, AccountError, Accounts, ClaimError, KeyFingerprint, KeyFingerprints, UserId, judge,
    },
    clock::Timestamp,
    session::{SessionId, SessionView},
};

/// A ledger that ends with the process. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct MemoryLedger {
    ledger: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    accounts: BTreeMap<UserId, Account>,
    entries: BTreeMap<SessionId, Entry>,
    last_beat: Option<Timestamp>,
    fingerprints: Vec<KeyFingerprint>,
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work` under the lock once the future is polled. A future that is dropped before that changes nothing.
    fn with<T: Send>(&self, work: impl FnOnce(&mut Entries) -> T + Send + 'static) -> BoxFuture<'_, T> {
        Box::pin(async move { work(&mut self.ledger.lock()) })
    }
}

impl Entries {
    fn reserve(&mut self, asked: &Reservation) -> Result<(), ReserveError> {
        let live = self.live(&asked.user, asked.purpose);
        let account = self.accounts.get_mut(&asked.user).ok_or(ReserveError::UnknownUser)?;
        if let Some(entry) = rules::reserve(account, self.entries.get(&asked.id), live, asked)? {
            self.entries.insert(asked.id, entry);
        }
        Ok(())
    }

    fn live(&self, user: &UserId, purpose: Purpose) -> Live {
        let theirs = self.entries.values().filter(|entry| entry.user == *user && entry.purpose == purpose);
        theirs.fold(Live { count: 0, first_expires_at: None }, |live, entry| match &entry.state {
            State::Reserved => Live { count: live.count + 1, ..live },
            State::Active(life) => Live {
                count: live.count + 1,
                first_expires_at: Some(live.first_expires_at.map_or(life.expires_at(), |at| at.min(life.expires_at()))),
            },
            State::Final(_) => live,
        })
    }

    /// The entry, and the account that pays for it.
    fn paid_entry(&mut self, id: SessionId) -> Option<(&mut Account, &mut Entry)> {
        let entry = self.entries.get_mut(&id)?;
        Some((self.accounts.get_mut(&entry.user)?, entry))
    }

    fn release(&mut self, id: SessionId) {
        if self.paid_entry(id).is_some_and(|(account, entry)| rules::release(account, entry)) {
            self.entries.remove(&id);
        }
    }

    fn charge(&mut self, id: SessionId, credits: u64) -> bool {
        let charged = self.paid_entry(id).is_some_and(|(account, entry)| rules::charge(account, entry, credits));
        if charged {
            self.entries.remove(&id);
        }
        charged
    }

    fn settle(&mut self, last: SessionView) -> Result<SessionView, LedgerError> {
        let (account, entry) = self.paid_entry(last.id).ok_or_else(|| rules::unknown("settle a session"))?;
        rules::settle(account, entry, last)
    }

    fn heartbeat(&mut self, now: Timestamp, changed: &[UsageUpdate]) -> Vec<SessionId> {
        self.last_beat = Some(now);
        for update in changed {
            if let Some(entry) = self.entries.get_mut(&update.id) {
                rules::count(entry, &update.usage);
            }
        }
        let active = self.entries.iter().filter(|(_, entry)| matches!(entry.state, State::Active(_)));
        let enabled = |user| self.accounts.get(user).is_some_and(|account| account.enabled);
        active.filter(|(_, entry)| !enabled(&entry.user)).map(|(id, _)| *id).collect()
    }

    fn recover(&mut self) -> Result<Vec<SessionView>, LedgerError> {
        let last_beat = self.last_beat.take();
        let mut lost = Vec::new();
        for (id, entry) in self.entries.clone() {
            match entry.state {
                State::Reserved => self.release(id),
                State::Active(life) => lost.push(self.settle(rules::lost(life, last_beat))?),
                State::Final(_) => {}
            }
        }
        lost.sort_by_key(age);
        Ok(lost)
    }

    fn list(&self, user: &UserId) -> Vec<SessionView> {
        let theirs = self.entries.values().filter(|entry| entry.user == *user);
        let mut active: Vec<_> = theirs.filter_map(Entry::view).filter(SessionView::is_active).collect();
        active.sort_by_key(age);
        active
    }
}

/// Sort key by age. The id makes the order total.
fn age(view: &SessionView) -> (Timestamp, SessionId) {
    (view.created_at, view.id)
}

#[cfg(test)]
impl MemoryLedger {
    /// Removes a session, as a ledger does that has lost its data.
    pub(crate) fn lose(&self, id: SessionId) {
        self.ledger.lock().entries.remove(&id);
    }
}

impl Ledger for MemoryLedger {
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<(), ReserveError>> {
        self.with(move |ledger| ledger.reserve(&reservation))
    }

    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.with(move |ledger| {
            ledger.release(id);
            Ok(())
        })
    }

    fn charge(&self, id: SessionId, credits: u64) -> BoxFuture<'_, Result<bool, LedgerError>> {
        self.with(move |ledger| Ok(ledger.charge(id, credits)))
    }

    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.with(move |ledger| {
            let entry = ledger.entries.get_mut(&view.id).ok_or_else(|| rules::unknown("activate a session"))?;
            rules::activate(entry, &view)
        })
    }

    fn heartbeat(
        &self,
        now: Timestamp,
        changed: Vec<UsageUpdate>,
    ) -> BoxFuture<'_, Result<HeartbeatResponse, LedgerError>> {
        self.with(move |ledger| Ok(HeartbeatResponse { refused: ledger.heartbeat(now, &changed), lost: Vec::new() }))
    }

    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>> {
        self.with(move |ledger| {
            let (account, entry) = ledger.paid_entry(id).ok_or(ExtendError::Inactive)?;
            rules::extend(account, entry, expires_at, hold)
        })
    }

    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>> {
        self.with(move |ledger| ledger.settle(last))
    }

    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        self.with(Entries::recover)
    }

    fn find(
        &self,
        user: &UserId,
        id: SessionId,
        not_before: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SessionView>, LedgerError>> {
        let user = user.clone();
        self.with(move |ledger| Ok(ledger.entries.get(&id).and_then(|entry| entry.visible_to(&user, not_before))))
    }

    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        let user = user.clone();
        self.with(move |ledger| Ok(ledger.list(&user)))
    }

    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.with(move |ledger| {
            ledger.entries.retain(|_, entry| !entry.ended_before(before));
            Ok(())
        })
    }
}

impl Accounts for MemoryLedger {
    fn account<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>> {
        Box::pin(async move { Ok(self.ledger.lock().accounts.get(id).cloned()) })
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>> {
        self.with(|ledger| Ok(ledger.accounts.values().cloned().collect()))
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        self.with(move |ledger| {
            if ledger.accounts.contains_key(&account.id) {
                return Err(AccountError::Exists(account.id));
            }
            ledger.accounts.insert(account.id.clone(), rules::opened(account));
            Ok(())
        })
    }

    fn change(&self, id: UserId, change: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>> {
        self.with(move |ledger| {
            let account = ledger.accounts.get_mut(&id).ok_or(AccountError::Unknown(id))?;
            rules::change(account, change)?;
            Ok(account.clone())
        })
    }
}

impl KeyFingerprints for MemoryLedger {
    fn fingerprints(&self) -> BoxFuture<'_, Result<Vec<KeyFingerprint>, LedgerError>> {
        self.with(|ledger| Ok(ledger.fingerprints.clone()))
    }

    fn claim_key(&self, key: Vec<KeyFingerprint>) -> BoxFuture<'_, Result<(), ClaimError>> {
        self.with(move |ledger| {
            judge(&ledger.fingerprints, &key)?;
            ledger.fingerprints = key;
            Ok(())
        })
    }

    fn forget_fingerprints(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.with(|ledger| {
            ledger.fingerprints.clear();
            Ok(())
        })
    }
}
