//! Tickets: credentials for clients that must not hold a secret. A ticket can be used once, within 30 seconds.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use super::{SecretHash, UserId};
use crate::{
    error::Error,
    fair::{Held, Pool},
    session::SessionId,
};

/// Time within which a ticket can be used.
pub const TICKET_LIFE: Duration = Duration::from_secs(30);
/// Maximum number of unused tickets of one user; further ones are refused.
pub(crate) const MAX_TICKETS_OF_USER: usize = 1_000;
/// Maximum number of unused tickets in one process. When it is reached, the user with the most tickets loses their
/// oldest one.
const MAX_TICKETS: usize = 10_000;
const PREFIX: &str = "wst_";

/// What a credential allows its client to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The client may do everything.
    Drive,
    /// The client may read and watch, and change nothing.
    Observe,
}

/// The scope of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// The only session the credential is valid for; absent means all sessions of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// What the client may do.
    pub mode: Mode,
}

impl Scope {
    /// The scope that allows everything the user may do.
    pub const ALL: Self = Self { session_id: None, mode: Mode::Drive };
}

/// An authenticated client: its user and its scope.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user.
    pub user: UserId,
    /// The secret behind the credential. Revoking the secret revokes the grant.
    pub secret: SecretHash,
    /// What the credential allows.
    pub scope: Scope,
}

/// The store of unused tickets. A ticket that was redeemed by one instance cannot be redeemed by another.
pub trait Tickets: Send + Sync + std::fmt::Debug {
    /// Issues a new ticket for this grant.
    ///
    /// # Errors
    /// `busy` when the user has too many unused tickets, `unavailable` when the store cannot be reached.
    fn issue(&self, grant: Grant) -> BoxFuture<'_, Result<String, Error>>;

    /// Uses up a ticket and returns its grant; `None` when the ticket is unknown, used or expired.
    ///
    /// # Errors
    /// `unavailable` when the store cannot be reached.
    fn redeem(&self, ticket: String) -> BoxFuture<'_, Result<Option<Grant>, Error>>;
}

/// The unused tickets of one process, kept in memory.
#[derive(Debug, Default)]
pub struct MemoryTickets {
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    tickets: Pool<UserId, Ticket>,
    by_hash: HashMap<SecretHash, (UserId, Held)>,
}

#[derive(Debug)]
struct Ticket {
    hash: SecretHash,
    grant: Grant,
    until: Instant,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { tickets: Pool::new(MAX_TICKETS), by_hash: HashMap::new() }
    }
}

impl Waiting {
    /// Stores a ticket, unless its user has too many.
    fn put(&mut self, hash: SecretHash, grant: Grant) -> Result<(), Error> {
        let (user, now) = (grant.user.clone(), Instant::now());
        for old in self.tickets.expire_of(&user, |ticket| ticket.until <= now) {
            self.by_hash.remove(&old.hash);
        }
        if self.tickets.count_of(&user) >= MAX_TICKETS_OF_USER {
            return Err(too_many_tickets());
        }
        let (held, gone) = self.tickets.insert(&user, 1, Ticket { hash, grant, until: now + TICKET_LIFE });
        for (_, ticket) in gone {
            self.by_hash.remove(&ticket.hash);
        }
        self.by_hash.insert(hash, (user, held));
        Ok(())
    }

    fn take(&mut self, hash: SecretHash) -> Option<Grant> {
        let (user, held) = self.by_hash.remove(&hash)?;
        let ticket = self.tickets.remove(&user, held)?;
        (ticket.until > Instant::now()).then_some(ticket.grant)
    }
}

/// The error for a user with too many unused tickets.
pub(crate) fn too_many_tickets() -> Error {
    Error::new(crate::ErrorCode::Busy, format!("this user has {MAX_TICKETS_OF_USER} unused tickets"))
        .with_reason("too_many_tickets")
        .with_retry_after(TICKET_LIFE)
}

impl Tickets for MemoryTickets {
    fn issue(&self, grant: Grant) -> BoxFuture<'_, Result<String, Error>> {
        let issued = || {
            let ticket = new_ticket()?;
            self.waiting.lock().put(SecretHash::of(&ticket), grant)?;
            Ok(ticket)
        };
        std::future::ready(issued()).boxed()
    }

    fn redeem(&self, ticket: String) -> BoxFuture<'_, Result<Option<Grant>, Error>> {
        let valid = self.waiting.lock().take(SecretHash::of(&ticket));
        std::future::ready(Ok(valid)).boxed()
    }
}

/// Generates the text of a ticket: 256 random bits.
pub(crate) fn new_ticket() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Secret;

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_once_and_for_half_a_minute() {
        let tickets = MemoryTickets::default();
        let grant = || Grant {
            user: "ann".parse().unwrap(),
            secret: Secret::chosen("s").hash(),
            scope: Scope { session_id: None, mode: Mode::Observe },
        };
        let ticket = tickets.issue(grant()).await.unwrap();
        assert_eq!((ticket.len(), ticket.starts_with("wst_")), (47, true));
        assert_eq!(tickets.redeem(ticket.clone()).await.unwrap().unwrap().scope.mode, Mode::Observe);
        assert!(tickets.redeem(ticket).await.unwrap().is_none(), "used");
        let late = tickets.issue(grant()).await.unwrap();
        tokio::time::advance(TICKET_LIFE).await;
        assert!(tickets.redeem(late).await.unwrap().is_none(), "too old");
        assert!(tickets.redeem("wst_guessed".to_owned()).await.unwrap().is_none());
    }

    fn of_user(name: &str) -> Grant {
        Grant { user: name.parse().unwrap(), secret: Secret::chosen("s").hash(), scope: Scope::ALL }
    }

    #[tokio::test(start_paused = true)]
    async fn tickets_that_are_not_used_do_not_pile_up() {
        let tickets = MemoryTickets::default();
        for _ in 0..MAX_TICKETS_OF_USER {
            tickets.issue(of_user("ann")).await.unwrap();
        }
        assert_eq!(tickets.issue(of_user("ann")).await.unwrap_err().code(), crate::ErrorCode::Busy);
        let bobs = tickets.issue(of_user("bob")).await.unwrap();
        assert!(tickets.redeem(bobs).await.unwrap().is_some(), "no matter of another user");
        tokio::time::advance(TICKET_LIFE).await;
        assert!(tickets.issue(of_user("ann")).await.is_ok());
        let waiting = tickets.waiting.lock();
        assert_eq!((waiting.tickets.weight(), waiting.by_hash.len()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn where_all_users_have_too_many_those_with_most_lose_theirs() {
        let tickets = MemoryTickets::default();
        let bobs = tickets.issue(of_user("bob")).await.unwrap();
        for user in 0..=MAX_TICKETS / MAX_TICKETS_OF_USER {
            for _ in 0..MAX_TICKETS_OF_USER {
                tickets.issue(of_user(&format!("u{user}"))).await.unwrap();
            }
        }
        assert_eq!(tickets.waiting.lock().by_hash.len(), MAX_TICKETS);
        assert!(tickets.redeem(bobs).await.unwrap().is_some());
    }
}
