//! Who may use the engine: users, their secrets, credits, limits and proxy.
//!
//! Credits and holds are changed by the ledger, in the same transaction as the session they pay for; this module owns
//! everything else about a user. Knows nothing of tokens or headers.

mod connect;
mod secret;
mod ticket;

use std::{fmt, str::FromStr};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

#[cfg(feature = "redis")]
pub(crate) use self::ticket::{MAX_TICKETS_OF_USER, new_ticket, too_many_tickets};
pub use self::{
    connect::{Connect, ConnectKey, ConnectKeys, SecretMark, TokenError},
    secret::{Secret, SecretHash},
    ticket::{Grant, MemoryTickets, Mode, Scope, TICKET_LIFE, Tickets},
};
use crate::ledger_error::LedgerError;

/// Names a user: 1 to 64 of `A-Z a-z 0-9 _ . -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(std::sync::Arc<str>);

/// The text is not a user id.
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

/// Everything known about a user, secrets only as hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub id: UserId,
    /// A disabled user may read and delete, not create.
    pub enabled: bool,
    /// Credits left, holds not subtracted; `None` is unlimited.
    pub credits: Option<u64>,
    /// Credits held by active sessions.
    pub held: u64,
    /// Active sessions allowed; `None` is the operator's default.
    pub max_sessions: Option<u32>,
    /// The user's upstream proxy, credentials included: never shown, see [`Account::proxy_host`].
    pub proxy: Option<String>,
    /// Hashes of the valid secrets, the primary one first.
    pub secrets: Vec<SecretHash>,
}

impl Account {
    /// A new enabled user with this secret.
    pub fn new(id: UserId, secret: SecretHash) -> Self {
        Self { id, enabled: true, credits: None, held: 0, max_sessions: None, proxy: None, secrets: vec![secret] }
    }

    /// Credits a new hold may use; `None` is unlimited.
    pub fn available(&self) -> Option<u64> {
        self.credits.map(|credits| credits.saturating_sub(self.held))
    }

    /// Whether `secret` is one of this user's; takes the same time whichever matches.
    pub fn accepts(&self, secret: &SecretHash) -> bool {
        self.secrets.iter().fold(false, |found, known| found | known.matches(secret))
    }

    /// The proxy without its credentials, for people.
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
    /// May create sessions again.
    Enable,
    /// May not create; live sessions are closed within one heartbeat.
    Disable,
    /// Adds credits; an unlimited account stays unlimited.
    AddCredits(u64),
    /// Sets credits; `None` is unlimited.
    SetCredits(Option<u64>),
    /// Sets or clears the upstream proxy.
    SetProxy(Option<String>),
    /// Sets or clears the user's own limit of active sessions.
    SetMaxSessions(Option<u32>),
    /// Adds a valid secret.
    AddSecret(SecretHash),
    /// Makes a secret invalid. The last one can be revoked too: the user then cannot authenticate.
    RevokeSecret(SecretHash),
}

/// Why an account could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No user of this name.
    #[error("no user {0}")]
    Unknown(UserId),
    /// The name is taken.
    #[error("user {0} exists already")]
    Exists(UserId),
    /// The secret to revoke is not one of the user's.
    #[error("not a secret of {0}")]
    UnknownSecret(UserId),
    /// The store could not be reached.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Where users are kept. Reads see every committed change at once, also those of another process.
pub trait Accounts: Send + Sync + fmt::Debug {
    /// The user of this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn account<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<Account>, LedgerError>>;

    /// All users, by name.
    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, LedgerError>>;

    /// Adds a user.
    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>>;

    /// Changes a user and returns the result.
    fn change(&self, id: UserId, change: AccountChange) -> BoxFuture<'_, Result<Account, AccountError>>;
}
