//! Accounts: users with their secrets, credits, limits and proxy.
//!
//! The ledger changes credits and holds, in the same transaction as the session they pay for; this module owns
//! everything else about a user. It must not know tokens or HTTP headers.

mod connect;
mod fingerprints;
mod mac;
mod secret;
mod server_key;
mod signing;
mod stored;
mod ticket;

use std::{fmt, str::FromStr};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

pub(crate) use self::fingerprints::judge;
#[cfg(feature = "redis")]
pub(crate) use self::ticket::{MAX_TICKETS_OF_USER, new_ticket, too_many_tickets};
pub use self::{
    connect::{Connect, ConnectKey, ConnectKeys, SecretMark, TokenError},
    fingerprints::{ClaimError, KeyFingerprints},
    secret::{Secret, SecretHash},
    server_key::{InvalidServerKey, KeyFingerprint, RotateError, ServerKey},
    signing::{ServerKeys, SigningSecrets},
    stored::{Derivation, Generation, InvalidGeneration, SecretId, StoredSecret},
    ticket::{Grant, MemoryTickets, Mode, Scope, TICKET_LIFE, Tickets},
};
use crate::ledger_error::LedgerError;

/// Id of a user: 1 to 64 characters of `A-Z a-z 0-9 _ . -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(std::sync::Arc<str>);

/// The error for a text that is not a user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user id is 1 to 64 of A-Z a-z 0-9 _ . -")]
pub struct InvalidUserId;

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if valid { Ok(Self(text.into())) } else { Err(InvalidUserId) }
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for UserId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The account of a user. Secrets are not in it: only their hashes, and how the server key derives them.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Id of the user.
    pub id: UserId,
    /// Whether the account is enabled. A disabled user may read and delete sessions but not create them.
    pub enabled: bool,
    /// Remaining credits, with holds not yet subtracted; `None` means unlimited.
    pub credits: Option<u64>,
    /// Credits held for active sessions.
    pub held: u64,
    /// What was charged for renders so far.
    pub renders: RenderUsage,
    /// Maximum number of active sessions; `None` means the operator's default.
    pub max_sessions: Option<u32>,
    /// URL of the user's upstream proxy. It contains credentials and must not be shown; see [`Account::proxy_host`].
    pub proxy: Option<String>,
    /// The valid secrets, the primary one first.
    pub secrets: Vec<StoredSecret>,
}

/// Renders that a user was charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RenderUsage {
    /// Number of charged renders.
    pub count: u64,
    /// Credits they cost.
    pub credits: u64,
}

impl Account {
    /// A new enabled account with this secret and no credits limit.
    pub fn new(id: UserId, secret: impl Into<StoredSecret>) -> Self {
        let secrets = vec![secret.into()];
        let renders = RenderUsage::default();
        Self { id, enabled: true, credits: None, held: 0, renders, max_sessions: None, proxy: None, secrets }
    }

    /// Credits that are not held yet; `None` means unlimited.
    pub fn available(&self) -> Option<u64> {
        self.credits.map(|credits| credits.saturating_sub(self.held))
    }

    /// Whether `secret` is one of this user's secrets. The time taken does not depend on which one matches.
    pub fn accepts(&self, secret: &SecretHash) -> bool {
        self.secrets.iter().fold(false, |found, known| found | known.hash.matches(secret))
    }

    /// The proxy without its credentials, for display.
    pub fn proxy_host(&self) -> Option<String> {
        let url = url::Url::parse(self.proxy.as_deref()?).ok()?;
        Some(format!("{}://{}:{}", url.scheme(), url.host_str()?, url.port_or_known_default()?))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("enabled", &self.enabled)
            .field("credits", &self.credits)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

/// A change to a user's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Enables the account, so that it may create sessions again.
    Enable,
    /// Disables the account: it may not create sessions, and its live sessions are closed within one heartbeat.
    Disable,
    /// Adds credits. An unlimited account stays unlimited.
    AddCredits(u64),
    /// Sets the credits; `None` means unlimited.
    SetCredits(Option<u64>),
    /// Sets or clears the upstream proxy.
    SetProxy(Option<String>),
    /// Sets or clears the user's own limit of active sessions.
    SetMaxSessions(Option<u32>),
    /// Adds a valid secret.
    AddSecret(StoredSecret),
    /// Revokes a secret. Without any secret the user cannot authenticate.
    RevokeSecret(SecretHash),
}

/// Why an account could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No user has this id.
    #[error("no user {0}")]
    Unknown(UserId),
    /// A user with this id exists already.
    #[error("user {0} exists already")]
    Exists(UserId),
    /// The secret to revoke does not belong to the user.
    #[error("not a secret of {0}")]
    UnknownSecret(UserId),
    /// The store could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The store of accounts. A read sees every committed change at once, also changes made by another process.
pub trait Accounts: Send + Sync + fmt::Debug {
    /// The account of this user; `None` if there is no such user.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn account<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>>;

    /// All accounts, ordered by user id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>>;

    /// Adds an account.
    ///
    /// # Errors
    /// [`AccountError`], if the user exists already or the store cannot be written.
    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>>;

    /// Changes an account and returns the changed account.
    ///
    /// # Errors
    /// [`AccountError`], if the user or the secret to revoke is unknown, or the store cannot be written.
    fn change(&self, id: UserId, change: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>>;
}
