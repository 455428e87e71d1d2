//! The Redis ledger of a cluster with one instance, with the interface that the tests expect of every ledger.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::*;
use crate::{
    account::{AccountChange, AccountError, ClaimError, KeyFingerprint},
    ledger::{
        ExtendError, HeartbeatResponse, ReserveError, UsageUpdate,
        redis::{InstanceId, LeaseTimes, RedisLedger, fake::FakeRedis},
    },
    ledger_error::LedgerError,
    session::SessionView,
};

/// A ledger on a fake Redis. Its `recover` does what other instances do for a dead one.
#[derive(Debug)]
pub(super) struct Shared {
    redis: Arc<FakeRedis>,
    me: InstanceId,
    ledger: RedisLedger,
}

impl Shared {
    pub(super) fn new() -> Self {
        let (redis, me) = (FakeRedis::new(), InstanceId::new());
        Self { ledger: Self::open(&redis, &me), redis, me }
    }

    fn open(redis: &Arc<FakeRedis>, me: &InstanceId) -> RedisLedger {
        let ledger = RedisLedger::new(Arc::clone(redis) as Arc<_>, me.clone());
        // This store never waits, so its futures complete when they are first polled.
        futures::executor::block_on(ledger.recover()).unwrap();
        ledger
    }

    pub(super) fn reopen(&mut self) {
        self.ledger = Self::open(&self.redis, &self.me);
    }
}

impl Ledger for Shared {
    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        Box::pin(async move {
            self.redis.advance(LeaseTimes::default().lasts + Duration::from_millis(1));
            let judge = RedisLedger::new(Arc::clone(&self.redis) as Arc<_>, InstanceId::new());
            judge.recover().await?;
            let mut lost = Vec::new();
            for id in judge.expire_dead().await? {
                for name in world::USERS {
                    lost.extend(judge.find(&user(name), id, Timestamp(0)).await?);
                }
            }
            lost.sort_by_key(|view| (view.created_at, view.id));
            assert!(judge.part().await?);
            self.ledger.recover().await?;
            Ok(lost)
        })
    }

    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<(), ReserveError>> {
        self.ledger.reserve(reservation)
    }

    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.ledger.release(id)
    }

    fn charge(&self, id: SessionId, credits: u64) -> BoxFuture<'_, Result<bool, LedgerError>> {
        self.ledger.charge(id, credits)
    }

    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.ledger.activate(view)
    }

    fn heartbeat(
        &self,
        now: Timestamp,
        changed: Vec<UsageUpdate>,
    ) -> BoxFuture<'_, Result<HeartbeatResponse, LedgerError>> {
        self.ledger.heartbeat(now, changed)
    }

    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>> {
        self.ledger.extend(id, expires_at, hold)
    }

    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>> {
        self.ledger.settle(last)
    }

    fn find(
        &self,
        user: &UserId,
        id: SessionId,
        not_before: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SessionView>, LedgerError>> {
        self.ledger.find(user, id, not_before)
    }

    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        self.ledger.list(user)
    }

    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.ledger.prune(before)
    }
}

impl Accounts for Shared {
    /// This bypasses the ledger's cache, which lags behind changes of credits.
    fn account<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>> {
        Box::pin(self.ledger.read_account(id))
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>> {
        self.ledger.accounts()
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        self.ledger.add(account)
    }

    fn change(&self, id: UserId, change: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>> {
        self.ledger.change(id, change)
    }
}

impl KeyFingerprints for Shared {
    fn fingerprints(&self) -> BoxFuture<'_, Result<Vec<KeyFingerprint>, LedgerError>> {
        self.ledger.fingerprints()
    }

    fn claim_key(&self, key: Vec<KeyFingerprint>) -> BoxFuture<'_, Result<(), ClaimError>> {
        self.ledger.claim_key(key)
    }

    fn forget_fingerprints(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.ledger.forget_fingerprints()
    }
}
