//! Tests of the guarantees of every ledger, run against each implementation.

mod laws;
mod promises;
mod properties;
#[cfg(feature = "redis")]
mod shared;
mod world;

use std::{path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::{Ledger, MemoryLedger, Purpose, Reservation, SqliteLedger};
use crate::{
    account::{Account, Accounts, KeyFingerprints, SecretHash, UserId},
    billing,
    clock::Timestamp,
    session::{Lifecycle, SessionId, SessionOptions},
};

/// A ledger that also stores accounts and the fingerprints of the server key, as all implementations do.
trait TestedLedger: Ledger + Accounts + KeyFingerprints {
    /// Drops the state in memory, as a restart of the server does.
    fn forget(&mut self) {}
}

impl TestedLedger for MemoryLedger {}

impl TestedLedger for SqliteLedger {}

#[cfg(feature = "redis")]
impl TestedLedger for shared::Shared {
    fn forget(&mut self) {
        self.reopen();
    }
}

/// One empty ledger of each kind.
struct Shelf {
    dir: TempDir,
    ledgers: Vec<Box<dyn TestedLedger>>,
}

impl Shelf {
    fn new() -> Self {
        let mut shelf = Self { dir: tempfile::tempdir().unwrap(), ledgers: vec![Box::new(MemoryLedger::new())] };
        shelf.open_file();
        #[cfg(feature = "redis")]
        shelf.ledgers.push(Box::new(shared::Shared::new()));
        shelf
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }

    fn open_file(&mut self) {
        self.ledgers.push(Box::new(SqliteLedger::open(&self.path()).unwrap()));
    }

    /// Closes the file and opens it again, as a restart of the server does.
    fn reopen(&mut self) {
        drop(self.ledgers.remove(1));
        self.ledgers.insert(1, Box::new(SqliteLedger::open(&self.path()).unwrap()));
        self.ledgers.iter_mut().for_each(|ledger| ledger.forget());
    }
}

const START: Timestamp = Timestamp(1_750_000_000_000);

fn seconds(after: u64) -> Timestamp {
    START.plus(Duration::from_secs(after))
}

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn account(name: &str, credits: Option<u64>) -> Account {
    Account { credits, ..Account::new(user(name), SecretHash::of(name)) }
}

/// A reservation of `ttl` seconds.
fn asked(name: &str, ttl: u64, created_at: Timestamp) -> Reservation {
    let options = SessionOptions::with_ttl(Duration::from_secs(ttl));
    Reservation {
        id: SessionId::new(),
        user: user(name),
        purpose: Purpose::Session,
        options,
        created_at,
        hold: billing::hold_for(options.max_ttl()),
        limit: 3,
    }
}

/// The lifecycle of a reservation's session.
fn started(asked: &Reservation, at: Timestamp) -> Lifecycle {
    Lifecycle::start(asked.id, asked.options, asked.created_at, at)
}
