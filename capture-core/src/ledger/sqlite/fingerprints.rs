//! Implements [`KeyFingerprints`] over SQLite; owns the rows of the fingerprints.

use futures::future::BoxFuture;
use rusqlite::{Connection, params};

use super::{
    super::LedgerError,
    SqliteLedger,
    writer::{Durability, Failure},
};
use crate::account::{ClaimError, KeyFingerprint, KeyFingerprints, judge};

impl KeyFingerprints for SqliteLedger {
    fn fingerprints(&self) -> BoxFuture<'_, Result<Vec<KeyFingerprint>, LedgerError>> {
        Box::pin(async move { self.read("read the fingerprints of the server key", load) })
    }

    fn claim_key(&self, key: Vec<KeyFingerprint>) -> BoxFuture<'_, Result<(), ClaimError>> {
        self.writer.run("write the fingerprints of the server key", Durability::PowerCut, move |connection| {
            judge(&load(connection)?, &key).map_err(Failure::Refused)?;
            let mut statement = connection.prepare_cached(
                "INSERT INTO key_fingerprints (generation, mac) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?;
            for fingerprint in &key {
                statement.execute(params![fingerprint.generation, fingerprint.mac])?;
            }
            Ok(())
        })
    }

    fn forget_fingerprints(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.writer.run("forget the fingerprints of the server key", Durability::PowerCut, |connection| {
            connection.execute("DELETE FROM key_fingerprints", [])?;
            Ok(())
        })
    }
}

fn load(connection: &Connection) -> rusqlite::Result<Vec<KeyFingerprint>> {
    let mut statement =
        connection.prepare_cached("SELECT generation, mac FROM key_fingerprints ORDER BY generation")?;
    statement.query_map([], |row| Ok(KeyFingerprint { generation: row.get(0)?, mac: row.get(1)? }))?.collect()
}
