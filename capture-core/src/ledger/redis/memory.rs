//! What an instance remembers of the data in Redis: accounts as last read, and the ends it wrote recently.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{
    account::{Account, UserId},
    session::{SessionId, SessionView},
};

/// Maximum number of remembered accounts. When it is reached, all are forgotten.
const MAX_USERS: usize = 10_000;

/// Accounts as last read.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<UserId, (Account, Instant)>>);

impl Remembered {
    pub(super) fn get(&self, id: &UserId, age: Duration) -> Option<Account> {
        let remembered = self.0.lock();
        remembered.get(id).filter(|(_, read)| read.elapsed() < age).map(|(account, _)| account.clone())
    }

    pub(super) fn put(&self, id: UserId, account: Account) {
        let mut remembered = self.0.lock();
        if remembered.len() >= MAX_USERS {
            remembered.clear();
        }
        remembered.insert(id, (account, Instant::now()));
    }

    pub(super) fn forget(&self, id: &UserId) {
        self.0.lock().remove(id);
    }
}

/// How long an end is remembered, in case a replica takes over that has not received it.
const ENDS_KEPT: Duration = Duration::from_secs(60);
/// Maximum number of remembered ends; the oldest are forgotten first.
const MAX_ENDS: usize = 10_000;

/// Recently written ends, oldest first.
#[derive(Debug, Default)]
pub(super) struct Settled(VecDeque<(Instant, SessionView)>);

impl Settled {
    pub(super) fn remember(&mut self, last: SessionView) {
        let Self(ends) = self;
        while ends.len() >= MAX_ENDS || ends.front().is_some_and(|(at, _)| at.elapsed() >= ENDS_KEPT) {
            ends.pop_front();
        }
        ends.push_back((Instant::now(), last));
    }

    pub(super) fn find(&self, id: SessionId) -> Option<SessionView> {
        self.0.iter().find(|(_, last)| last.id == id).map(|(_, last)| last.clone())
    }
}
