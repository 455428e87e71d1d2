//! A ledger in one SQLite file, the default of a server on one machine.
//!
//! This module owns the file: its creation, its two connections and its schema. The rules are in
//! [`rules`](super::rules). The lock of the data directory, which is held elsewhere, ensures that only one server uses
//! the file.
//!
//! | module | contents |
//! |---|---|
//! | [`writer`] | the writing thread, and the durability of a write |
//! | [`sessions`] | [`Ledger`](super::Ledger) over the writer and the reader |
//! | [`accounts`] | [`Accounts`](crate::account::Accounts) over both, and the rows of users and secrets |
//! | [`entries`] | the rows of sessions |
//! | [`fingerprints`] | [`KeyFingerprints`](crate::account::KeyFingerprints) over both |
//! | [`values`] | our types as SQLite values |
//! | `schema*.sql`, `sql/` | tables, one file for each version, and the longer statements |

mod accounts;
mod entries;
mod fingerprints;
mod sessions;
#[cfg(test)]
mod tests;
mod values;
mod writer;

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use self::writer::Writer;
use super::LedgerError;

/// The steps from each schema version to the next; `PRAGMA user_version` counts those applied. Steps are added, never
/// edited.
const STEPS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("schema_secrets.sql"), include_str!("schema_renders.sql")];

/// How long a connection waits for a write of another process. Such a write takes milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const OPEN: &str = "open its file";

/// A ledger in a file. Another process may read and change accounts in the file at the same time.
#[derive(Debug)]
pub struct SqliteLedger {
    /// Reads run on the caller's thread: an indexed read takes about ten microseconds, less than a switch to another
    /// thread, and in WAL mode it waits for no writer. Each read is one statement and so sees every change committed
    /// before it, also by another process.
    reader: Mutex<Connection>,
    /// Declared last, so that its connection is closed last: it may write, and therefore merges the WAL into the file.
    writer: Writer,
}

impl SqliteLedger {
    /// Opens the ledger in this file. A missing file is created and is readable only for its owner.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a ledger, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        create(path).map_err(|error| LedgerError::new("create its file", error))?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        use_wal(&connection)?;
        migrate(&mut connection)?;
        let reader = Mutex::new(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?);
        Ok(Self { reader, writer: Writer::start(connection)? })
    }

    /// Reads on the caller's thread.
    fn read<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        work(&self.reader.lock()).map_err(|error| LedgerError::new(what, error))
    }
}

/// Creates the empty file, because SQLite would leave its mode to the umask; the files of the WAL inherit the mode.
///
/// An existing file is not even opened, since closing it would drop the locks of another connection of this process.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, LedgerError> {
    // SQLite's own mutex is disabled: the types ensure that only one thread uses a connection at a time.
    let open = || {
        let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| LedgerError::new(OPEN, error))
}

/// Enables the WAL, so that readers and the writer do not wait for each other. The file system must support shared
/// memory.
fn use_wal(connection: &Connection) -> Result<(), LedgerError> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(|error| LedgerError::new(OPEN, error))?;
    if mode != "wal" {
        return Err(LedgerError::new(OPEN, format!("its file system supports no WAL, only {mode:?}")));
    }
    Ok(())
}

/// Migrates the schema in one transaction, since two processes may open a new file at once.
fn migrate(connection: &mut Connection) -> Result<(), LedgerError> {
    let mut steps = || {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let taken: usize = transaction.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))? as usize;
        for (version, step) in STEPS.iter().enumerate().skip(taken) {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", i64::try_from(version + 1).unwrap_or(i64::MAX))?;
        }
        transaction.commit()?;
        Ok(taken)
    };
    let taken = steps().map_err(|error: rusqlite::Error| LedgerError::new("prepare its tables", error))?;
    if taken > STEPS.len() {
        let (found, known) = (taken, STEPS.len());
        return Err(LedgerError::new(OPEN, format!("it has version {found}, this program knows {known}")));
    }
    Ok(())
}
