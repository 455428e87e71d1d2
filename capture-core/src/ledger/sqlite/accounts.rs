//! Implements [`Accounts`] over SQLite; owns the rows of users and their secrets.

use futures::future::BoxFuture;
use rusqlite::{Connection, Row, Rows, named_params, params};

use super::{
    super::{LedgerError, rules},
    SqliteLedger,
    values::Whole,
    writer::{Durability, Failure},
};
use crate::account::{
    Account, AccountChange, AccountError, Accounts, Derivation, RenderUsage, SecretHash, StoredSecret, UserId,
};

impl Accounts for SqliteLedger {
    fn account<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>> {
        Box::pin(async move { self.read("read an account", |connection| load(connection, id)) })
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>> {
        Box::pin(async move { self.read("read the accounts", load_all) })
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        self.writer.run("add an account", Durability::PowerCut, move |connection| {
            if load(connection, &account.id)?.is_some() {
                return Err(Failure::Refused(AccountError::Exists(account.id)));
            }
            let account = rules::opened(account);
            save(connection, &account)?;
            Ok(save_secrets(connection, &account)?)
        })
    }

    fn change(&self, id: UserId, change: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>> {
        self.writer.run("change an account", Durability::PowerCut, move |connection| {
            let mut account = load(connection, &id)?.ok_or(Failure::Refused(AccountError::Unknown(id)))?;
            rules::change(&mut account, change).map_err(Failure::Refused)?;
            save(connection, &account)?;
            save_secrets(connection, &account)?;
            Ok(account)
        })
    }
}

pub(super) fn load(connection: &Connection, id: &UserId) -> rusqlite::Result<Option<Account>> {
    let mut statement = connection.prepare_cached("SELECT * FROM accounts WHERE id = ?1 ORDER BY ordinal")?;
    Ok(collect(statement.query([id])?)?.pop())
}

fn load_all(connection: &Connection) -> rusqlite::Result<Vec<Account>> {
    let mut statement = connection.prepare_cached("SELECT * FROM accounts ORDER BY id, ordinal")?;
    collect(statement.query([])?)
}

/// Collects accounts from rows that hold one secret each.
fn collect(mut rows: Rows<'_>) -> rusqlite::Result<Vec<Account>> {
    let mut accounts: Vec<Account> = Vec::new();
    while let Some(row) = rows.next()? {
        let id: UserId = row.get("id")?;
        let secret = secret(row)?;
        match accounts.last_mut() {
            Some(account) if account.id == id => account.secrets.extend(secret),
            _ => accounts.push(Account {
                id,
                enabled: row.get("enabled")?,
                credits: row.get::<_, Option<Whole>>("credits")?.map(|credits| credits.0),
                held: row.get::<_, Whole>("held")?.0,
                renders: RenderUsage {
                    count: row.get::<_, Whole>("renders")?.0,
                    credits: row.get::<_, Whole>("render_credits")?.0,
                },
                max_sessions: row.get("max_sessions")?,
                proxy: row.get("proxy")?,
                secrets: secret.into_iter().collect(),
            }),
        }
    }
    Ok(accounts)
}

/// The secret of a row; a user without secrets has a row without one.
fn secret(row: &Row<'_>) -> rusqlite::Result<Option<StoredSecret>> {
    let hash: Option<SecretHash> = row.get("hash")?;
    let (id, generation): (Option<_>, Option<_>) = (row.get("secret_id")?, row.get("generation")?);
    let derivation = id.zip(generation).map(|(id, generation)| Derivation { id, generation });
    Ok(hash.map(|hash| StoredSecret { hash, derivation }))
}

/// Writes everything but the secrets, which sessions never change.
pub(super) fn save(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(include_str!("sql/save_user.sql"))?;
    statement.execute(named_params! {
        ":id": account.id,
        ":enabled": account.enabled,
        ":credits": account.credits.map(Whole),
        ":held": Whole(account.held),
        ":renders": Whole(account.renders.count),
        ":render_credits": Whole(account.renders.credits),
        ":max_sessions": account.max_sessions,
        ":proxy": account.proxy,
    })?;
    Ok(())
}

/// Replaces all secrets. They are few, and this keeps their order.
fn save_secrets(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM secrets WHERE user = ?1")?.execute([&account.id])?;
    let mut statement = connection.prepare_cached(include_str!("sql/insert_secret.sql"))?;
    for (ordinal, secret) in (0_i64..).zip(&account.secrets) {
        let derivation = secret.derivation;
        let (id, generation) = (derivation.map(|it| it.id), derivation.map(|it| it.generation));
        statement.execute(params![account.id, ordinal, secret.hash, id, generation])?;
    }
    Ok(())
}
