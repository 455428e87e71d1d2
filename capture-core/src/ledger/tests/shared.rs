//! The shared books of a cluster with one instance, as the other ledgers stand on the shelf.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::*;
use crate::{
    account::{AccountChange, AccountError},
    ledger::{
        Beat, Beaten, ExtendError, ReserveError,
        redis::{InstanceId, LEASE, RedisLedger, fake::FakeRedis},
    },
    ledger_error::LedgerError,
    session::SessionView,
};

/// A ledger on a fake Redis, whose `recover` is what others do for one that died.
#[derive(Debug)]
pub(super) struct Shared {
    redis: Arc<FakeRedis>,
    me: InstanceId,
    books: RedisLedger,
}

impl Shared {
    pub(super) fn new() -> Self {
        let (redis, me) = (FakeRedis::new(), InstanceId::new());
        Self { books: Self::open(&redis, &me), redis, me }
    }

    fn open(redis: &Arc<FakeRedis>, me: &InstanceId) -> RedisLedger {
        let books = RedisLedger::new(Arc::clone(redis) as Arc<_>, me.clone());
        // Nothing waits on this store: its futures are done when they are first polled.
        futures::executor::block_on(books.recover()).unwrap();
        books
    }

    pub(super) fn reopen(&mut self) {
        self.books = Self::open(&self.redis, &self.me);
    }
}

impl Ledger for Shared {
    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        Box::pin(async move {
            self.redis.advance(LEASE + Duration::from_millis(1));
            let judge = RedisLedger::new(Arc::clone(&self.redis) as Arc<_>, InstanceId::new());
            judge.recover().await?;
            let mut lost = Vec::new();
            for id in judge.reap().await? {
                for name in world::USERS {
                    lost.extend(judge.find(&user(name), id, Timestamp(0)).await?);
                }
            }
            lost.sort_by_key(|view| (view.created_at, view.id));
            assert!(judge.part().await?);
            self.books.recover().await?;
            Ok(lost)
        })
    }

    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<(), ReserveError>> {
        self.books.reserve(reservation)
    }

    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.books.release(id)
    }

    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.books.activate(view)
    }

    fn beat(&self, now: Timestamp, changed: Vec<Beat>) -> BoxFuture<'_, Result<Beaten, LedgerError>> {
        self.books.beat(now, changed)
    }

    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>> {
        self.books.extend(id, expires_at, hold)
    }

    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>> {
        self.books.settle(last)
    }

    fn find(
        &self,
        user: &UserId,
        id: SessionId,
        not_before: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SessionView>, LedgerError>> {
        self.books.find(user, id, not_before)
    }

    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        self.books.list(user)
    }

    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.books.prune(before)
    }
}

impl Accounts for Shared {
    /// Not through the memory of the books, which lags behind a change of credits.
    fn account<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>> {
        Box::pin(self.books.read_account(id))
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>> {
        self.books.accounts()
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        self.books.add(account)
    }

    fn change(&self, id: UserId, change: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>> {
        self.books.change(id, change)
    }
}
