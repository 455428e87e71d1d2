//! Accounts in Redis, and a short cache of them, so that users are not refused during a short outage of Redis.

use futures::future::BoxFuture;
use tokio::time::Duration;

use super::{
    RedisLedger, secrets,
    store::{Answer, Script, arguments, malformed, run, script},
};
use crate::{
    account::{Account, AccountChange, AccountError, Accounts, RenderUsage, SecretHash, UserId},
    ledger::rules::{self, MOST_CREDITS},
    ledger_error::LedgerError,
};

const ACCOUNT: Script = script!("read a user", "account");
const ACCOUNTS: Script = script!("read the users", "accounts");
const ADD: Script = script!("add a user", "add_account");
const CHANGE: Script = script!("change a user", "change_account");

/// How long a cached account is used while Redis cannot be reached.
const STALE: Duration = Duration::from_secs(30);
impl RedisLedger {
    /// The account as last read, regardless of its age. It serves to restore what Redis lost.
    pub(super) fn last_seen(&self, id: &UserId) -> Option<Account> {
        self.remembered.get(id, Duration::MAX)
    }

    pub(crate) async fn read_account(&self, id: &UserId) -> Result<Option<Account>, LedgerError> {
        let told = run(&*self.store, ACCOUNT, arguments![id]).await?;
        if told.is_empty() {
            return Ok(None);
        }
        let account = read(id, &told).ok_or_else(|| malformed(ACCOUNT))?;
        self.remembered.put(id.clone(), account.clone());
        Ok(Some(account))
    }
}

impl Accounts for RedisLedger {
    fn account<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>> {
        Box::pin(async move {
            let before = self.remembered.get(id, STALE);
            match (self.read_account(id).await, before) {
                // Users are never removed, so a missing one means that Redis lost its data. An owner that knows the
                // user restores it.
                (Ok(None) | Err(_), Some(known)) => Ok(Some(known)),
                (result, _) => result,
            }
        })
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>> {
        Box::pin(async move {
            let told = run(&*self.store, ACCOUNTS, Vec::new()).await?;
            let accounts = told.iter().map(|entry| match entry.list() {
                Some([name, fields]) => read(&name.text()?.parse().ok()?, fields.list()?),
                _ => None,
            });
            let mut accounts = accounts.collect::<Option<Vec<_>>>().ok_or_else(|| malformed(ACCOUNTS))?;
            accounts.sort_by(|one, other| one.id.cmp(&other.id));
            Ok(accounts)
        })
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        Box::pin(async move {
            let account = rules::opened(account);
            let mut arguments = arguments![account.id];
            arguments.extend(fields(&account));
            let told = run(&*self.store, ADD, arguments).await?;
            self.remembered.forget(&account.id);
            match told.first().and_then(Answer::text) {
                Some("ok") => Ok(()),
                Some("exists") => Err(AccountError::Exists(account.id)),
                _ => Err(malformed(ADD).into()),
            }
        })
    }

    fn change(&self, id: UserId, change: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>> {
        Box::pin(async move {
            let derivation = derivation(&change);
            let (what, value) = words(change);
            let told = run(&*self.store, CHANGE, arguments![id, what, value, MOST_CREDITS, derivation]).await?;
            self.remembered.forget(&id);
            match told.as_slice() {
                [only] if only.text() == Some("unknown") => Err(AccountError::Unknown(id)),
                [only] if only.text() == Some("unknown_secret") => Err(AccountError::UnknownSecret(id)),
                fields => Ok(read(&id, fields).ok_or_else(|| malformed(CHANGE))?),
            }
        })
    }
}

/// The name and value of a change, as its script takes them.
fn words(change: AccountChange) -> (&'static str, String) {
    let amount = |amount: Option<u64>| amount.map(|amount| amount.min(MOST_CREDITS).to_string()).unwrap_or_default();
    match change {
        AccountChange::Enable => ("enabled", "1".to_owned()),
        AccountChange::Disable => ("enabled", "0".to_owned()),
        AccountChange::AddCredits(more) => ("add_credits", amount(Some(more))),
        AccountChange::SetCredits(credits) => ("credits", amount(credits)),
        AccountChange::SetProxy(proxy) => ("proxy", proxy.unwrap_or_default()),
        AccountChange::SetMaxSessions(max) => ("max_sessions", amount(max.map(u64::from))),
        AccountChange::AddSecret(secret) => ("add_secret", secrets::hex(&secret.hash.0)),
        AccountChange::RevokeSecret(secret) => ("revoke_secret", secrets::hex(&secret.0)),
    }
}

/// What derives the secret that a change adds; empty if there is nothing.
fn derivation(change: &AccountChange) -> String {
    match change {
        AccountChange::AddSecret(secret) => secrets::derivation(secret).unwrap_or_default(),
        _ => String::new(),
    }
}

/// An account as names and values. Unset fields are left out.
pub(super) fn fields(account: &Account) -> Vec<Vec<u8>> {
    let optional = [
        ("credits", account.credits.map(|credits| credits.to_string())),
        ("max_sessions", account.max_sessions.map(|max| max.to_string())),
        ("proxy", account.proxy.clone()),
    ];
    let mut fields = arguments!["enabled", u8::from(account.enabled)];
    if account.renders != RenderUsage::default() {
        fields.extend(arguments!["renders", account.renders.count, "render_credits", account.renders.credits]);
    }
    let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    for (name, value) in secrets::fields(&account.secrets).into_iter().chain(optional) {
        fields.extend(arguments![name, value]);
    }
    fields
}

fn read(id: &UserId, told: &[Answer]) -> Option<Account> {
    let mut account = Account::new(id.clone(), SecretHash([0; 32]));
    let (mut hashes, mut derived) = ("", "");
    for pair in told.chunks_exact(2) {
        let [name, value] = pair else { return None };
        match name.text()? {
            "enabled" => account.enabled = value.text()? == "1",
            "credits" => account.credits = Some(value.count()?),
            "held" => account.held = value.count()?,
            "renders" => account.renders.count = value.count()?,
            "render_credits" => account.renders.credits = value.count()?,
            "max_sessions" => account.max_sessions = Some(u32::try_from(value.count()?).ok()?),
            "proxy" => account.proxy = Some(value.text()?.to_owned()),
            "secrets" => hashes = value.text()?,
            "derived" => derived = value.text()?,
            _ => {} // a field of a later version
        }
    }
    account.secrets = secrets::read(hashes, derived)?;
    Some(account)
}
