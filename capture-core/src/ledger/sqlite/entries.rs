//! The rows of sessions. This module knows what is stored, and must not know the rules.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{
    super::{
        Purpose, Reservation,
        rules::{Entry, Live, State},
    },
    values::{Json, Whole},
};
use crate::{
    account::UserId,
    action_type::ActionType,
    clock::Timestamp,
    session::{CloseReason, Count, Lifecycle, SessionId, SessionView, Usage},
};

pub(super) fn load(connection: &Connection, id: SessionId) -> rusqlite::Result<Option<Entry>> {
    connection.prepare_cached(include_str!("sql/session.sql"))?.query_row([id], entry).optional()
}

pub(super) fn live(connection: &Connection, user: &UserId, purpose: Purpose) -> rusqlite::Result<Live> {
    connection.prepare_cached(include_str!("sql/live_sessions.sql"))?.query_row(params![user, purpose], |row| {
        Ok(Live { count: row.get("count")?, first_expires_at: row.get("first_expires_at")? })
    })
}

/// The user's active sessions, oldest first.
pub(super) fn active(connection: &Connection, user: &UserId) -> rusqlite::Result<Vec<Entry>> {
    connection.prepare_cached(include_str!("sql/active_sessions_of_user.sql"))?.query_map([user], entry)?.collect()
}

/// All entries that are not final, oldest first.
pub(super) fn unfinished(connection: &Connection) -> rusqlite::Result<Vec<(SessionId, Entry)>> {
    let mut statement = connection.prepare_cached(include_str!("sql/unfinished_sessions.sql"))?;
    statement.query_map([], |row| Ok((row.get("id")?, entry(row)?)))?.collect()
}

/// The active sessions of disabled users.
pub(super) fn disabled(connection: &Connection) -> rusqlite::Result<Vec<SessionId>> {
    let mut statement = connection.prepare_cached(include_str!("sql/sessions_of_disabled_users.sql"))?;
    statement.query_map([], |row| row.get(0))?.collect()
}

pub(super) fn insert(connection: &Connection, asked: &Reservation) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(include_str!("sql/insert_session.sql"))?;
    statement.execute(named_params! {
        ":id": asked.id,
        ":user": asked.user,
        ":purpose": asked.purpose,
        ":hold": Whole(asked.hold),
        ":options": Json(asked.options),
        ":created_at": asked.created_at,
    })?;
    Ok(())
}

/// Writes an entry that has started. Reservations are written by [`insert`].
pub(super) fn save(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let Some(view) = entry.view() else { return Ok(()) };
    let mut statement = connection.prepare_cached(include_str!("sql/save_session.sql"))?;
    statement.execute(named_params! {
        ":id": view.id,
        ":state": if view.is_active() { "active" } else { "final" },
        ":hold": Whole(entry.hold),
        ":options": Json(view.options),
        ":created_at": view.created_at,
        ":started_at": view.started_at,
        ":expires_at": view.expires_at,
        ":closed_at": view.closed_at,
        ":close_reason": view.close_reason,
        ":billed": view.billed_credits.map(Whole),
        ":breakdown": Json(&view.action_breakdown),
    })?;
    Ok(())
}

pub(super) fn delete(connection: &Connection, id: SessionId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([id])?;
    Ok(())
}

pub(super) fn prune(connection: &Connection, before: Timestamp) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM sessions WHERE state = 'final' AND closed_at < ?1")?.execute([before])?;
    Ok(())
}

pub(super) fn last_beat(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    connection.prepare_cached("SELECT last_beat FROM meta")?.query_row([], |row| row.get(0))
}

pub(super) fn save_last_beat(connection: &Connection, at: Option<Timestamp>) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE meta SET last_beat = ?1")?.execute([at])?;
    Ok(())
}

/// Columns that follow from others (counts, duration, status) are not stored, so they cannot contradict them.
fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let user = row.get("user")?;
    let (purpose, hold) = (row.get("purpose")?, row.get::<_, Whole>("hold")?.0);
    let Some(started_at) = row.get("started_at")? else {
        return Ok(Entry { user, purpose, hold, state: State::Reserved });
    };
    let Json(options) = row.get("options")?;
    let mut life = Lifecycle::start(row.get("id")?, options, row.get("created_at")?, started_at);
    life.renew(row.get("expires_at")?);
    let Json(breakdown): Json<BTreeMap<ActionType, Count>> = row.get("breakdown")?;
    life.usage = Usage::from(breakdown);
    let state = match row.get::<_, Option<Timestamp>>("closed_at")? {
        None => State::Active(life),
        Some(closed_at) => State::Final(ended(row, &life, started_at, closed_at)?),
    };
    Ok(Entry { user, purpose, hold, state })
}

/// The final view as it was settled. The bill is the amount charged then, not the amount that today's rule gives.
fn ended(
    row: &Row<'_>,
    life: &Lifecycle,
    started_at: Timestamp,
    closed_at: Timestamp,
) -> rusqlite::Result<SessionView> {
    let reason: CloseReason = row.get("close_reason")?;
    Ok(SessionView {
        status: reason.status(),
        close_reason: Some(reason),
        closed_at: Some(closed_at),
        duration_seconds: Some(closed_at.since(started_at).as_secs()),
        billed_credits: Some(row.get::<_, Whole>("billed")?.0),
        ..life.view()
    })
}
