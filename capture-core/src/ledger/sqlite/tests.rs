//! Tests of what only a ledger in a file can get wrong.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use futures::future::join_all;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{STEPS, SqliteLedger, values::Whole};
use crate::{
    account::{Account, AccountChange, Accounts, KeyFingerprints, SecretHash, ServerKey, StoredSecret, UserId},
    clock::Timestamp,
    ledger::{Ledger, Purpose, Reservation, ReserveError},
    ledger_error::LedgerError,
    session::{CloseReason, Lifecycle, SessionId, SessionOptions, SessionView},
};

const START: Timestamp = Timestamp(1_750_000_000_000);

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    (dir, path)
}

fn ada() -> UserId {
    "ada".parse().unwrap()
}

async fn with_ada(path: &std::path::Path, credits: Option<u64>) -> SqliteLedger {
    let ledger = SqliteLedger::open(path).unwrap();
    ledger.add(Account { credits, ..Account::new(ada(), SecretHash::of("secret")) }).await.unwrap();
    ledger
}

fn asked(hold: u64) -> Reservation {
    let options = SessionOptions::with_ttl(Duration::from_mins(hold));
    Reservation {
        id: SessionId::new(),
        user: ada(),
        purpose: Purpose::Session,
        options,
        created_at: START,
        hold,
        limit: 1_000,
    }
}

/// Runs a session of five minutes to its end.
async fn settled(ledger: &SqliteLedger) -> SessionView {
    let asked = asked(5);
    ledger.reserve(asked.clone()).await.unwrap();
    let life = Lifecycle::start(asked.id, asked.options, START, START);
    ledger.activate(life.view()).await.unwrap();
    ledger.settle(life.settle(CloseReason::Expired, START)).await.unwrap()
}

fn why(error: &LedgerError) -> String {
    format!("{error}: {}", error.source)
}

#[tokio::test]
async fn the_files_are_readable_for_their_owner_only() {
    let (dir, path) = place();
    let _ledger = with_ada(&path, None).await;
    let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3, "the file, its WAL and the WAL's index: {files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn what_another_process_changes_is_seen_at_once() {
    let (_dir, path) = place();
    let server = with_ada(&path, Some(5)).await;
    assert!(server.account(&ada()).await.unwrap().unwrap().enabled);
    let cli = SqliteLedger::open(&path).unwrap();
    cli.change(ada(), AccountChange::Disable).await.unwrap();
    assert!(!server.account(&ada()).await.unwrap().unwrap().enabled);
    assert!(matches!(server.reserve(asked(1)).await, Err(ReserveError::Disabled)));
    cli.change(ada(), AccountChange::Enable).await.unwrap();
    cli.change(ada(), AccountChange::SetCredits(Some(1))).await.unwrap();
    assert!(matches!(server.reserve(asked(2)).await, Err(ReserveError::Credits { needed: 2, available: 1 })));
}

#[tokio::test]
async fn a_dropped_ledger_is_closed_and_loses_nothing() {
    let (_dir, path) = place();
    let ledger = with_ada(&path, Some(20)).await;
    let last = settled(&ledger).await;
    drop(ledger);
    assert!(!path.with_extension("db-wal").exists(), "the thread has ended and the last connection tidied up");
    let ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.account(&ada()).await.unwrap().unwrap().credits, Some(15));
    assert_eq!(ledger.find(&ada(), last.id, START).await.unwrap(), Some(last));
}

#[tokio::test]
async fn two_processes_at_once_cannot_overdraw() {
    let (_dir, path) = place();
    let ledgers = [with_ada(&path, Some(10)).await, SqliteLedger::open(&path).unwrap()];
    let calls = (0..40).map(|turn| ledgers[turn % 2].reserve(asked(3)));
    let answers = join_all(calls).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    let short = |answer: &&Result<(), ReserveError>| matches!(answer, Err(ReserveError::Credits { .. }));
    let refused = answers.iter().filter(short).count();
    let account = ledgers[0].account(&ada()).await.unwrap().unwrap();
    assert_eq!((granted, refused, account.held, account.available()), (3, 37, 9, Some(1)));
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_ledger_whole() {
    let (_dir, path) = place();
    let ledger = with_ada(&path, Some(1_000)).await;
    for _ in 0..20 {
        let call = ledger.reserve(asked(1));
        let _ = tokio::time::timeout(Duration::ZERO, call).await;
    }
    drop(ledger);
    let ledger = SqliteLedger::open(&path).unwrap();
    let held = ledger.account(&ada()).await.unwrap().unwrap().held;
    let raw = Connection::open(&path).unwrap();
    let holds = "SELECT IFNULL(SUM(hold), 0) FROM sessions";
    let holds = raw.query_row(holds, [], |row| row.get::<_, Whole>(0)).unwrap().0;
    assert_eq!(held, holds);
    ledger.recover().await.unwrap();
    assert_eq!(ledger.account(&ada()).await.unwrap().unwrap().held, 0);
}

#[tokio::test]
async fn a_file_of_a_newer_version_or_of_someone_else_is_refused() {
    let (_dir, path) = place();
    drop(SqliteLedger::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    let refused = SqliteLedger::open(&path).unwrap_err();
    let known = STEPS.len();
    assert_eq!(why(&refused), format!("the ledger cannot open its file: it has version 9, this program knows {known}"));

    let (_dir, path) = place();
    fs::write(&path, "a shopping list, long enough to look like the header of a file of a hundred bytes".repeat(20))
        .unwrap();
    assert!(why(&SqliteLedger::open(&path).unwrap_err()).contains("not a database"));
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_never_a_default() {
    let (_dir, path) = place();
    let ledger = with_ada(&path, None).await;
    let last = settled(&ledger).await;
    let raw = Connection::open(&path).unwrap();
    raw.execute("UPDATE sessions SET breakdown = '{\"flying\":{}}'", []).unwrap();
    let error = ledger.find(&ada(), last.id, START).await.unwrap_err();
    assert!(why(&error).starts_with("the ledger cannot find a session"), "{}", why(&error));
    assert!(ledger.settle(last).await.is_err());
}

#[tokio::test]
async fn a_file_of_the_first_version_keeps_every_credit_and_hold() {
    let (_dir, path) = place();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("schema.sql")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute_batch(
        "INSERT INTO users (id, enabled, credits, held, max_sessions, proxy) VALUES ('ada', 1, 20, 5, 2, NULL);
         INSERT INTO sessions (id, user, state, hold, options, created_at)
         VALUES ('sess_00000000-0000-4000-8000-000000000001', 'ada', 'reserved', 5,
                 '{\"maxTtlSeconds\":300,\"cdp\":false,\"proxy\":false,\"bypassBotDetection\":false}', 1);",
    )
    .unwrap();
    old.execute("INSERT INTO secrets (user, ordinal, hash) VALUES ('ada', 0, ?1)", [SecretHash::of("secret")]).unwrap();
    drop(old);

    let ledger = SqliteLedger::open(&path).unwrap();
    let account = ledger.account(&ada()).await.unwrap().unwrap();
    assert_eq!((account.credits, account.held, account.max_sessions), (Some(20), 5, Some(2)));
    assert!(account.accepts(&SecretHash::of("secret")));
    let render = Reservation { purpose: Purpose::Render, limit: 1, ..asked(1) };
    ledger.reserve(render.clone()).await.unwrap();
    assert!(ledger.charge(render.id, 1).await.unwrap());
    ledger.recover().await.unwrap();
    let account = ledger.account(&ada()).await.unwrap().unwrap();
    assert_eq!((account.credits, account.held, account.renders.count), (Some(19), 0, 1));
}

/// A file of version 1 as its programs left it: users with and without secrets, a live session, a reservation, and a
/// session that has ended.
const VERSION_1: &str = "
    INSERT INTO users (id, enabled, credits, held, max_sessions, proxy, created_at) VALUES
        ('ada', 1, 95, 7, 3, 'http://u:p@proxy.test:3128', 1), ('bob', 0, NULL, 0, NULL, NULL, 2),
        ('cy', 1, 1, 0, NULL, NULL, 3);
    INSERT INTO secrets (user, ordinal, hash) VALUES
        ('ada', 0, X'1111111111111111111111111111111111111111111111111111111111111111'),
        ('ada', 1, X'2222222222222222222222222222222222222222222222222222222222222222'),
        ('bob', 0, X'3333333333333333333333333333333333333333333333333333333333333333');
    INSERT INTO sessions VALUES
        ('sess_00000000-0000-4000-8000-000000000001', 'ada', 'active', 5,
            '{\"maxTtlSeconds\":300,\"proxy\":false,\"bypassBotDetection\":false,\"cdp\":false}', 1750000000000,
            1750000000000, 1750000300000, NULL, NULL, NULL, '{}'),
        ('sess_00000000-0000-4000-8000-000000000002', 'ada', 'reserved', 2,
            '{\"maxTtlSeconds\":120,\"proxy\":false,\"bypassBotDetection\":false,\"cdp\":false}', 1750000000000,
            NULL, NULL, NULL, NULL, NULL, '{}'),
        ('sess_00000000-0000-4000-8000-000000000003', 'ada', 'final', 5,
            '{\"maxTtlSeconds\":300,\"proxy\":false,\"bypassBotDetection\":false,\"cdp\":false}', 1750000000000,
            1750000000000, 1750000300000, 1750000300000, 'expired', 5, '{}');
    UPDATE meta SET last_beat = 1750000061000;
    PRAGMA user_version = 1;";

#[tokio::test]
async fn a_file_of_version_1_loses_no_credit_and_no_secret() {
    let (_dir, path) = place();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(STEPS[0]).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    drop(old);

    let ledger = SqliteLedger::open(&path).unwrap();
    let [first, second, third] = [0x11, 0x22, 0x33].map(|byte| StoredSecret::from(SecretHash([byte; 32])));
    let expected = Account {
        credits: Some(95),
        held: 7,
        max_sessions: Some(3),
        proxy: Some("http://u:p@proxy.test:3128".to_owned()),
        secrets: vec![first, second],
        ..Account::new(ada(), first)
    };
    let bob = Account { enabled: false, ..Account::new("bob".parse().unwrap(), third) };
    let cy = Account { credits: Some(1), secrets: Vec::new(), ..Account::new("cy".parse().unwrap(), third) };
    assert_eq!(ledger.accounts().await.unwrap(), [expected, bob, cy]);
    let id = |number: u8| format!("sess_00000000-0000-4000-8000-00000000000{number}").parse().unwrap();
    let last = ledger.find(&ada(), id(3), START).await.unwrap().unwrap();
    assert_eq!((last.billed_credits, last.close_reason), (Some(5), Some(CloseReason::Expired)));

    let lost = ledger.recover().await.unwrap();
    assert_eq!((lost.len(), lost[0].id, lost[0].billed_credits), (1, id(1), Some(2)));
    let account = ledger.account(&ada()).await.unwrap().unwrap();
    assert_eq!((account.credits, account.held), (Some(93), 0));

    let key = ServerKey::generate().unwrap();
    ledger.claim_key(key.fingerprints()).await.unwrap();
    let (_, derived) = key.new_secret(&ada()).unwrap();
    ledger.change(ada(), AccountChange::AddSecret(derived)).await.unwrap();
    drop(ledger);
    let ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.account(&ada()).await.unwrap().unwrap().secrets, [first, second, derived]);
    assert_eq!(ledger.fingerprints().await.unwrap(), key.fingerprints());
}

#[tokio::test]
async fn half_a_derivation_is_never_stored() {
    let (_dir, path) = place();
    drop(with_ada(&path, None).await);
    let raw = Connection::open(&path).unwrap();
    for half in ["generation = 1", "secret_id = zeroblob(16)", "secret_id = zeroblob(15), generation = 1"] {
        assert!(raw.execute(&format!("UPDATE secrets SET {half}"), []).is_err(), "{half}");
    }
}
