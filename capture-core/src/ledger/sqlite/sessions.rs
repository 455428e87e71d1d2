//! [`Ledger`] over SQLite: each call is one transaction that loads, asks the rules, and stores.

use futures::future::BoxFuture;
use rusqlite::Connection;

use super::{
    super::{
        Beat, Beaten, ExtendError, Ledger, LedgerError, Reservation, ReserveError,
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
        self.writer.run("reserve a session", Durability::Process, move |books| {
            let account = accounts::load(books, &asked.user)?;
            let mut account = account.ok_or(Failure::Refused(ReserveError::UnknownUser))?;
            let known = entries::load(books, asked.id)?;
            let live = entries::live(books, &asked.user)?;
            if rules::reserve(&mut account, known.as_ref(), live, &asked).map_err(Failure::Refused)?.is_some() {
                entries::insert(books, &asked)?;
                accounts::save(books, &account)?;
            }
            Ok(())
        })
    }

    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.writer.run("release a session", Durability::Process, move |books| Ok(release(books, id)?))
    }

    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>> {
        const WHAT: &str = "activate a session";
        self.writer.run(WHAT, Durability::Process, move |books| {
            let entry = entries::load(books, view.id)?;
            let mut entry = entry.ok_or_else(|| Failure::Refused(rules::unknown(WHAT)))?;
            rules::activate(&mut entry, &view).map_err(Failure::Refused)?;
            Ok(entries::save(books, &entry)?)
        })
    }

    fn beat(&self, now: Timestamp, changed: Vec<Beat>) -> BoxFuture<'_, Result<Beaten, LedgerError>> {
        self.writer.run("write a beat", Durability::Process, move |books| {
            entries::save_last_beat(books, Some(now))?;
            for beat in &changed {
                let Some(mut entry) = entries::load(books, beat.id)? else {
                    continue;
                };
                if rules::count(&mut entry, &beat.usage) {
                    entries::save(books, &entry)?;
                }
            }
            Ok(Beaten { refused: entries::disabled(books)?, lost: Vec::new() })
        })
    }

    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>> {
        self.writer.run("extend a session", Durability::Process, move |books| {
            let paid = paid_entry(books, id)?;
            let (mut account, mut entry) = paid.ok_or(Failure::Refused(ExtendError::Inactive))?;
            rules::extend(&mut account, &mut entry, expires_at, hold).map_err(Failure::Refused)?;
            Ok(save(books, &account, &entry)?)
        })
    }

    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>> {
        self.writer.run("settle a session", Durability::PowerCut, move |books| settle(books, last))
    }

    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        self.writer.run("recover its sessions", Durability::PowerCut, |books| {
            let last_beat = entries::last_beat(books)?;
            let mut lost = Vec::new();
            for (id, entry) in entries::unfinished(books)? {
                match entry.state {
                    State::Reserved => release(books, id)?,
                    State::Active(life) => lost.push(settle(books, rules::lost(life, last_beat))?),
                    State::Final(_) => {}
                }
            }
            // The wall clock may have been set back since: the dead process's beat is no proof for sessions to come.
            entries::save_last_beat(books, None)?;
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
            let entry = self.read("find a session", |books| entries::load(books, id))?;
            Ok(entry.and_then(|entry| entry.visible_to(&user, not_before)))
        })
    }

    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        let user = user.clone();
        Box::pin(async move {
            let active = self.read("list sessions", |books| entries::active(books, &user))?;
            Ok(active.iter().filter_map(Entry::view).collect())
        })
    }

    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.writer.run("forget old sessions", Durability::Process, move |books| Ok(entries::prune(books, before)?))
    }
}

fn release(books: &Connection, id: SessionId) -> rusqlite::Result<()> {
    let Some((mut account, entry)) = paid_entry(books, id)? else {
        return Ok(());
    };
    if rules::release(&mut account, &entry) {
        entries::delete(books, id)?;
        accounts::save(books, &account)?;
    }
    Ok(())
}

fn settle(books: &Connection, last: SessionView) -> Result<SessionView, Failure<LedgerError>> {
    let paid = paid_entry(books, last.id)?;
    let (mut account, mut entry) = paid.ok_or_else(|| Failure::Refused(rules::unknown("settle a session")))?;
    let view = rules::settle(&mut account, &mut entry, last).map_err(Failure::Refused)?;
    save(books, &account, &entry)?;
    Ok(view)
}

/// The account that pays for a session, and the session's entry.
fn paid_entry(books: &Connection, id: SessionId) -> rusqlite::Result<Option<(Account, Entry)>> {
    let Some(entry) = entries::load(books, id)? else {
        return Ok(None);
    };
    Ok(accounts::load(books, &entry.user)?.map(|account| (account, entry)))
}

/// Both in the caller's transaction: the credits, and what they were spent on.
fn save(books: &Connection, account: &Account, entry: &Entry) -> rusqlite::Result<()> {
    accounts::save(books, account)?;
    entries::save(books, entry)
}
