//! Tickets in Redis: issued by any instance, and redeemable once in the whole cluster.

use futures::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};

use super::{
    RedisLedger,
    secrets::hex,
    store::{Answer, Script, arguments, run, script},
};
use crate::{
    account::{
        Grant, MAX_TICKETS_OF_USER, Scope, SecretHash, TICKET_LIFE, Tickets, UserId, new_ticket, too_many_tickets,
    },
    error::Error,
};

const ISSUE: Script = script!("keep a ticket", "ticket");
const REDEEM: Script = script!("take a ticket", "redeem");

/// A grant as it is stored.
#[derive(Serialize, Deserialize)]
struct Kept {
    user: UserId,
    secret: [u8; 32],
    scope: Scope,
}

/// The key of a ticket is its hash, so that reading Redis does not reveal usable tickets.
fn name(ticket: &str) -> String {
    format!("ticket:{}", hex(&SecretHash::of(ticket).0))
}

impl Tickets for RedisLedger {
    fn issue(&self, grant: Grant) -> BoxFuture<'_, Result<String, Error>> {
        async move {
            let ticket = new_ticket()?;
            let Grant { user, secret, scope } = grant;
            let kept = Kept { user: user.clone(), secret: secret.0, scope };
            let kept = serde_json::to_string(&kept).map_err(Error::internal)?;
            let arguments = arguments![name(&ticket), user, kept, TICKET_LIFE.as_millis(), MAX_TICKETS_OF_USER];
            let told = run(&*self.store, ISSUE, arguments).await?;
            if told.first().and_then(Answer::whole) == Some(0) { Err(too_many_tickets()) } else { Ok(ticket) }
        }
        .boxed()
    }

    fn redeem(&self, ticket: String) -> BoxFuture<'_, Result<Option<Grant>, Error>> {
        async move {
            let told = run(&*self.store, REDEEM, arguments![name(&ticket)]).await?;
            let Some(text) = told.first().and_then(Answer::text) else { return Ok(None) };
            let Kept { user, secret, scope } = serde_json::from_str(text).map_err(Error::internal)?;
            Ok(Some(Grant { user, secret: SecretHash(secret), scope }))
        }
        .boxed()
    }
}
