//! Tickets: credentials for clients that must not hold a secret, good once and for half a minute.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use super::{SecretHash, UserId};
use crate::{error::Error, session::SessionId};

/// How long a ticket can be used.
pub const TICKET_LIFE: Duration = Duration::from_secs(30);
/// Tickets that wait to be used; further ones are refused.
const MAX_TICKETS: usize = 10_000;
const PREFIX: &str = "wst_";

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything.
    Drive,
    /// Look, and touch nothing.
    Observe,
}

/// What a credential is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// Only this session; absent: all of the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// In which way.
    pub mode: Mode,
}

impl Scope {
    /// Everything the user may do.
    pub const ALL: Self = Self { session_id: None, mode: Mode::Drive };
}

/// Who presents a credential, and what it is good for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user.
    pub user: UserId,
    /// The secret it stands for; once that is revoked, so is the grant.
    pub secret: SecretHash,
    /// What it is good for.
    pub scope: Scope,
}

/// Where tickets wait to be used. One that was redeemed anywhere is used up everywhere.
pub trait Tickets: Send + Sync + std::fmt::Debug {
    /// A new ticket for this grant.
    ///
    /// # Errors
    /// `busy` when too many wait, `unavailable` when the store cannot be reached.
    fn issue(&self, grant: Grant) -> BoxFuture<'_, Result<String, Error>>;

    /// What the ticket was issued for; `None` when it is unknown, used or too old.
    ///
    /// # Errors
    /// `unavailable` when the store cannot be reached.
    fn redeem(&self, ticket: String) -> BoxFuture<'_, Result<Option<Grant>, Error>>;
}

/// Tickets of one process.
#[derive(Debug, Default)]
pub struct MemoryTickets {
    waiting: Mutex<HashMap<SecretHash, (Grant, Instant)>>,
}

impl Tickets for MemoryTickets {
    fn issue(&self, grant: Grant) -> BoxFuture<'_, Result<String, Error>> {
        let issued = || {
            let ticket = new_ticket()?;
            let mut waiting = self.waiting.lock();
            let now = Instant::now();
            if waiting.len() >= MAX_TICKETS {
                waiting.retain(|_, (_, until)| *until > now);
            }
            if waiting.len() >= MAX_TICKETS {
                let error = Error::new(crate::ErrorCode::Busy, "too many tickets wait to be used");
                return Err(error.with_retry_after(TICKET_LIFE));
            }
            waiting.insert(SecretHash::of(&ticket), (grant, now + TICKET_LIFE));
            Ok(ticket)
        };
        std::future::ready(issued()).boxed()
    }

    fn redeem(&self, ticket: String) -> BoxFuture<'_, Result<Option<Grant>, Error>> {
        let found = self.waiting.lock().remove(&SecretHash::of(&ticket));
        let valid = found.filter(|(_, until)| *until > Instant::now()).map(|(grant, _)| grant);
        std::future::ready(Ok(valid)).boxed()
    }
}

/// 256 random bits.
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

    #[tokio::test(start_paused = true)]
    async fn tickets_that_nobody_uses_do_not_pile_up() {
        let tickets = MemoryTickets::default();
        let grant = Grant { user: "ann".parse().unwrap(), secret: Secret::chosen("s").hash(), scope: Scope::ALL };
        for _ in 0..MAX_TICKETS {
            tickets.issue(grant.clone()).await.unwrap();
        }
        assert_eq!(tickets.issue(grant.clone()).await.unwrap_err().code(), crate::ErrorCode::Busy);
        tokio::time::advance(TICKET_LIFE).await;
        assert!(tickets.issue(grant).await.is_ok());
        assert_eq!(tickets.waiting.lock().len(), 1);
    }
}
