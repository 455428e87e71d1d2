//! A ledger in one SQLite file: the default of a server on one machine.
//!
//! Owns the file: its creation, its two connections and its schema. What may happen is in [`rules`](super::rules); that
//! only one server uses the file at a time is seen to elsewhere, by the lock of the data directory.
//!
//! | place | what |
//! |---|---|
//! | [`writer`] | the one thread that writes, and how durable a write is |
//! | [`sessions`] | [`Ledger`](super::Ledger) over the writer and the reader |
//! | [`accounts`] | [`Accounts`](crate::account::Accounts) likewise, and the rows of users and secrets |
//! | [`entries`] | the rows of sessions |
//! | [`values`] | our types as SQLite values |
//! | `schema.sql`, `sql/` | tables and the longer statements |

mod accounts;
mod entries;
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

/// Steps from one schema version to the next; `PRAGMA user_version` counts those taken. Steps are added, never edited.
const STEPS: [&str; 1] = [include_str!("schema.sql")];

/// How long a connection waits for another process's write, which takes milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const OPEN: &str = "open its file";

/// A ledger in a file. Another process may read and change accounts in it at the same time.
#[derive(Debug)]
pub struct SqliteLedger {
    /// Reads are answered inline: an indexed read takes some ten microseconds, less than a hop to another thread would,
    /// and in WAL mode it waits for no writer. Each read is one statement and so sees every change committed before it,
    /// also by another process.
    reader: Mutex<Connection>,
    /// Last, so that its connection is closed last: that one may write, and so tidies the WAL into the file.
    writer: Writer,
}

impl SqliteLedger {
    /// Opens the ledger in this file; creates it, readable for its owner only, where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, is not ours, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        create(path).map_err(|error| LedgerError::new("create its file", error))?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        use_wal(&connection)?;
        migrate(&mut connection)?;
        let reader = Mutex::new(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?);
        Ok(Self { reader, writer: Writer::start(connection)? })
    }

    /// Reads inline.
    fn read<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        work(&self.reader.lock()).map_err(|error| LedgerError::new(what, error))
    }
}

/// Creates the empty file itself, because SQLite would leave its mode to the umask; the WAL's files inherit the mode.
///
/// A file that exists is not even opened: closing it again would drop the locks another connection of this process has.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, LedgerError> {
    // Without SQLite's own mutex: a connection is used by one thread at a time, which the types see to.
    let open = || {
        let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| LedgerError::new(OPEN, error))
}

/// With a WAL, readers and the writer do not wait for each other. The file system must be able to share memory.
fn use_wal(connection: &Connection) -> Result<(), LedgerError> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(|error| LedgerError::new(OPEN, error))?;
    if mode != "wal" {
        return Err(LedgerError::new(OPEN, format!("its file system supports no WAL, only {mode:?}")));
    }
    Ok(())
}

/// Brings the schema up to date, in one transaction: two processes may open a new file at once.
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
