//! Implements [`Ledger`] over SQLite. Each call is one transaction that loads, applies the rules, and stores.

use futures::future::BoxFuture;
use rusqlite::Connection;

use super::{
    super::{
        ExtendError, HeartbeatResponse, Ledger, LedgerError, Reservation, ReserveError, UsageUpdate,
        rules::{self, Entry, State},
    },
    SqliteLedger, accounts, entries,
    writer::{Durability, Failure},
};
use crate::{
    account::{Account, UserId},
    clock::Timestamp,
    session::{SessionId, SessionView},
};

impl Ledger for SqliteLedger {
    fn reserve(&self, asked: Reservation) -> BoxFuture<'_, Result<(), ReserveError>> {
        self.writer.run("reserve a session", Durability::Process, move |connection| {
            let account = accounts::load(connection, &asked.user)?;
            let mut account = account.ok_or(Failure::Refused(ReserveError::UnknownUser))?;
            let known = entries::load(connection, asked.id)?;
            let live = entries::live(connection, &asked.user, asked.purpose)?;
            if rules::reserve(&mut account, known.as_ref(), live, &asked).map_err(Failure::Refused)?.is_some() {
                entries::insert(connection, &asked)?;
                accounts::save(connection, &account)?;
            }
            Ok(())
        })
    }

    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.writer.run("release a session", Durability::Process, move |connection| Ok(release(connection, id)?))
    }

    fn charge(&self, id: SessionId, credits: u64) -> BoxFuture<'_, Result<bool, LedgerError>> {
        self.writer.run("charge a render", Durability::PowerCut, move |connection| {
            let Some((mut account, entry)) = paid_entry(connection, id)? else { return Ok(false) };
            let charged = rules::charge(&mut account, &entry, credits);
            if charged {
                entries::delete(connection, id)?;
                accounts::save(connection, &account)?;
            }
            Ok(charged)
        })
    }

    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>> {
        const WHAT: &str = "activate a session";
        self.writer.run(WHAT, Durability::Process, move |connection| {
            let entry = entries::load(connection, view.id)?;
            let mut entry = entry.ok_or_else(|| Failure::Refused(rules::unknown(WHAT)))?;
            rules::activate(&mut entry, &view).map_err(Failure::Refused)?;
            Ok(entries::save(connection, &entry)?)
        })
    }

    fn heartbeat(
        &self,
        now: Timestamp,
        changed: Vec<UsageUpdate>,
    ) -> BoxFuture<'_, Result<HeartbeatResponse, LedgerError>> {
        self.writer.run("write a heartbeat", Durability::Process, move |connection| {
            entries::save_last_beat(connection, Some(now))?;
            for update in &changed {
                let Some(mut entry) = entries::load(connection, update.id)? else {
                    continue;
                };
                if rules::count(&mut entry, &update.usage) {
                    entries::save(connection, &entry)?;
                }
            }
            Ok(HeartbeatResponse { refused: entries::disabled(connection)?, lost: Vec::new() })
        })
    }

    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>> {
        self.writer.run("extend a session", Durability::Process, move |connection| {
            let paid = paid_entry(connection, id)?;
            let (mut account, mut entry) = paid.ok_or(Failure::Refused(ExtendError::Inactive))?;
            rules::extend(&mut account, &mut entry, expires_at, hold).map_err(Failure::Refused)?;
            Ok(save(connection, &account, &entry)?)
        })
    }

    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>> {
        self.writer.run("settle a session", Durability::PowerCut, move |connection| settle(connection, last))
    }

    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        self.writer.run("recover its sessions", Durability::PowerCut, |connection| {
            let last_beat = entries::last_beat(connection)?;
            let mut lost = Vec::new();
            for (id, entry) in entries::unfinished(connection)? {
                match entry.state {
                    State::Reserved => release(connection, id)?,
                    State::Active(life) => lost.push(settle(connection, rules::lost(life, last_beat))?),
                    State::Final(_) => {}
                }
            }
            // The wall clock may have been set back since, so the dead process's heartbeat must not count for later
            // sessions.
            entries::save_last_beat(connection, None)?;
            Ok(lost)
        })
    }

    fn find(
        &self,
        user: &UserId,
        id: SessionId,
        not_before: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SessionView>, LedgerError>> {
        let user = user.clone();
        Box::pin(async move {
            let entry = self.read("find a session", |connection| entries::load(connection, id))?;
            Ok(entry.and_then(|entry| entry.visible_to(&user, not_before)))
        })
    }

    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        let user = user.clone();
        Box::pin(async move {
            let active = self.read("list sessions", |connection| entries::active(connection, &user))?;
            Ok(active.iter().filter_map(Entry::view).collect())
        })
    }

    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.writer
            .run("forget old sessions", Durability::Process, move |connection| Ok(entries::prune(connection, before)?))
    }
}

fn release(connection: &Connection, id: SessionId) -> rusqlite::Result<()> {
    let Some((mut account, entry)) = paid_entry(connection, id)? else {
        return Ok(());
    };
    if rules::release(&mut account, &entry) {
        entries::delete(connection, id)?;
        accounts::save(connection, &account)?;
    }
    Ok(())
}

fn settle(connection: &Connection, last: SessionView) -> Result<SessionView, Failure<LedgerError>> {
    let paid = paid_entry(connection, last.id)?;
    let (mut account, mut entry) = paid.ok_or_else(|| Failure::Refused(rules::unknown("settle a session")))?;
    let view = rules::settle(&mut account, &mut entry, last).map_err(Failure::Refused)?;
    save(connection, &account, &entry)?;
    Ok(view)
}

/// The account that pays for a session, and the session's entry.
fn paid_entry(connection: &Connection, id: SessionId) -> rusqlite::Result<Option<(Account, Entry)>> {
    let Some(entry) = entries::load(connection, id)? else {
        return Ok(None);
    };
    Ok(accounts::load(connection, &entry.user)?.map(|account| (account, entry)))
}

/// Saves the account and the entry in the caller's transaction.
fn save(connection: &Connection, account: &Account, entry: &Entry) -> rusqlite::Result<()> {
    accounts::save(connection, account)?;
    entries::save(connection, entry)
}
