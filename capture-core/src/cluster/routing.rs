//! Decides where a verb is carried out, and what its caller is answered when the responsible instance does not respond.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Shared,
    gateway::Unanswered,
    message::{Verb, VerbResponse},
    owner::OLDER_VERSION,
    session_order::Sending,
};
use crate::{
    account::UserId,
    call::Caller,
    engine::NO_ROOM,
    error::{Error, ErrorCode, RunOutcome},
    ledger::redis::{Claim, InstanceId, Whereabouts},
    render::{RenderRequest, Rendered},
    session::{Keyed, SessionId, SessionOptions, SessionView},
    sessions::{Created, Sessions},
};

/// How long, beyond the lease, a caller whose instance died waits for the final view of the session: some heartbeats,
/// until another instance has settled it.
const SETTLED_WITHIN: Duration = Duration::from_secs(6);
/// Maximum duration of a read from the ledger. Moments of two clocks cannot be compared more precisely than this.
const ANSWER: Duration = Duration::from_secs(1);
/// Interval at which the ledger is read for the final view.
const FINAL_POLL: Duration = Duration::from_millis(250);

/// Reason of the error when the owner of a session does not answer.
const UNREACHABLE: &str = "owner_unreachable";

/// Where a verb on a session is carried out.
pub(super) enum Place {
    Here,
    There(RemoteSession),
}

/// A session of another instance, and the caller of the verb.
#[derive(Debug, Clone)]
pub(super) struct RemoteSession {
    pub(super) owner: InstanceId,
    pub(super) caller: Caller,
    pub(super) id: SessionId,
}

/// A create request.
#[derive(Debug, Clone)]
pub(super) struct CreateRequest {
    pub(super) options: SessionOptions,
    pub(super) keyed: Option<Keyed>,
    /// The claim of a create with an idempotency key, which decides on the instance.
    pub(super) claim: Option<Claim>,
}

impl CreateRequest {
    pub(super) fn new(user: &UserId, options: SessionOptions, keyed: Option<Keyed>) -> Self {
        let claim = keyed.as_ref().map(|keyed| Claim::new(user.clone(), keyed.key.clone()));
        Self { options, keyed, claim }
    }
}

impl Shared {
    /// Where a session is. A session that is over and whose owner is gone is handled here, since every instance can
    /// read the ledger.
    pub(super) async fn place(&self, caller: &Caller, id: SessionId) -> Result<Place, Error> {
        let there = |owner| Ok(Place::There(RemoteSession { owner, caller: caller.clone(), id }));
        if self.engine.holds(id) {
            return Ok(Place::Here);
        }
        if let Some(owner) = self.owners.get(&id).map(|owner| owner.clone()) {
            return there(owner);
        }
        match self.ledger.locate(&caller.user, id).await? {
            Some(found) if found.owner == *self.me() => Ok(Place::Here),
            Some(found) if found.owner_alive(self.ledger.lease_times()) => {
                self.remember(id, found.owner.clone());
                there(found.owner)
            }
            // The owner is silent but not declared dead yet. The request to it determines what the caller is answered.
            Some(found) if found.view.is_active() => there(found.owner),
            Some(_) => Ok(Place::Here),
            None => Err(Error::not_found()),
        }
    }

    /// Sends a verb to the owner of a session. If the owner does not answer, the ledger tells what became of the
    /// session.
    pub(super) async fn ask(&self, remote: &RemoteSession, verb: Verb) -> Result<VerbResponse, Error> {
        let sending = self.order.sending(remote.id).await;
        self.ask_in_turn(remote, verb, sending).await
    }

    pub(super) async fn ask_in_turn(
        &self,
        remote: &RemoteSession,
        verb: Verb,
        sending: Sending,
    ) -> Result<VerbResponse, Error> {
        match self.gateway.ask(&remote.owner, &remote.caller, verb, Some(sending)).await {
            Ok(Ok(response)) => Ok(*response),
            Ok(Err(error)) => Err(error),
            Err(unanswered) => {
                self.owners.remove(&remote.id);
                Err(self.unanswered(remote, unanswered).await)
            }
        }
    }

    /// The error for a session whose owner does not answer.
    async fn unanswered(&self, remote: &RemoteSession, unanswered: Unanswered) -> Error {
        let outcome = unanswered.outcome();
        let began = Instant::now();
        let settled = self.ledger.lease_times().lasts + SETTLED_WITHIN;
        let give_up = began + if unanswered == Unanswered::Gone { settled } else { Duration::ZERO };
        loop {
            let found = self.ledger.locate(&remote.caller.user, remote.id).await;
            match found {
                Ok(Some(Whereabouts { view, .. })) if !view.is_active() => {
                    return Error::inactive(view).with_outcome(outcome);
                }
                Ok(None) => return Error::not_found().with_outcome(outcome),
                Err(error) if Instant::now() >= give_up => return Error::from(error).with_outcome(outcome),
                Ok(Some(_)) if Instant::now() >= give_up => return unreachable(unanswered).with_outcome(outcome),
                // The owner has sent a heartbeat meanwhile, so no other instance will settle the session.
                Ok(Some(Whereabouts { silence: Some(silence), .. })) if silence + ANSWER < began.elapsed() => {
                    return unreachable(unanswered).with_outcome(outcome);
                }
                Ok(Some(_)) | Err(_) => tokio::time::sleep(FINAL_POLL).await,
            }
        }
    }

    async fn claim(&self, claim: &Claim, to: &InstanceId, from: Option<&InstanceId>) -> Result<InstanceId, Error> {
        let keep = self.engine.limits().final_retention;
        Ok(self.ledger.claim(claim, to, from, keep).await?)
    }

    /// Creates a session here, or on the instance that holds the claim of its key, or on another instance that has
    /// room.
    pub(super) async fn create_somewhere(&self, caller: &Caller, wanted: CreateRequest) -> Result<Created, Error> {
        let holder = match &wanted.claim {
            None => self.me().clone(),
            Some(claim) => self.claim(claim, self.me(), None).await?,
        };
        match self.create_at(&holder, caller, wanted.clone()).await {
            Err(full) if full.reason() == Some(NO_ROOM) => self.create_elsewhere(holder, caller, wanted, full).await,
            result => result,
        }
    }

    async fn create_at(&self, holder: &InstanceId, caller: &Caller, wanted: CreateRequest) -> Result<Created, Error> {
        let CreateRequest { options, keyed, .. } = wanted;
        if holder == self.me() {
            return self.engine.create(caller.clone(), options, keyed).await;
        }
        match self.gateway.ask(holder, caller, Verb::Create { options, keyed }, None).await {
            Ok(Ok(response)) => match *response {
                VerbResponse::Created { session, replayed } => {
                    self.remember(session.id, holder.clone());
                    Ok(Created { session, replayed })
                }
                _ => Err(unexpected()),
            },
            Ok(Err(error)) => Err(error),
            Err(unanswered) => Err(unreachable(unanswered)
                .with_hint(
                    "send it again: under the same Idempotency-Key no second session is opened while that server lives",
                )
                .with_outcome(unanswered.outcome())),
        }
    }

    /// Creates a session on another instance, because the first choice has no room.
    async fn create_elsewhere(
        &self,
        mut holder: InstanceId,
        caller: &Caller,
        wanted: CreateRequest,
        full: Error,
    ) -> Result<Created, Error> {
        for other in self.ledger.others().await? {
            if other == holder {
                continue;
            }
            if let Some(claim) = &wanted.claim {
                holder = self.claim(claim, &other, Some(&holder)).await?;
                if holder != other {
                    break; // a repetition of this request was placed meanwhile
                }
            }
            match self.create_at(&other, caller, wanted.clone()).await {
                Err(error) if error.reason() == Some(NO_ROOM) || is_undelivered(&error) => {}
                result => return result,
            }
        }
        Err(full)
    }

    /// Renders on another instance, because this one has no room.
    pub(super) async fn render_elsewhere(
        &self,
        caller: &Caller,
        request: RenderRequest,
        full: Error,
    ) -> Result<Rendered, Error> {
        for other in self.ledger.others().await? {
            let verb = Verb::Render(Box::new(request.clone()));
            let error = match self.gateway.ask(&other, caller, verb, None).await {
                Ok(Ok(response)) => match *response {
                    VerbResponse::Rendered(rendered) => return Ok(*rendered),
                    _ => return Err(unexpected()),
                },
                Ok(Err(error)) => error,
                Err(unanswered) => unreachable(unanswered).with_outcome(unanswered.outcome()),
            };
            let may_go_on = error.reason() == Some(NO_ROOM) || error.reason() == Some(OLDER_VERSION);
            if !may_go_on && !is_undelivered(&error) {
                return Err(error);
            }
        }
        Err(full)
    }

    /// The caller's sessions on other instances, as answered by their owners, or else as recorded in the ledger.
    pub(super) async fn list_elsewhere(&self, caller: &Caller) -> Result<Vec<SessionView>, Error> {
        let known = self.ledger.locate_all(&caller.user).await?;
        let mut owners: Vec<_> =
            known.iter().map(|(owner, _)| owner.clone()).filter(|owner| owner != self.me()).collect();
        owners.sort();
        owners.dedup();
        let asked = owners.into_iter().map(|owner| async move {
            let told = match self.gateway.ask(&owner, caller, Verb::List, None).await {
                Ok(Ok(response)) => match *response {
                    VerbResponse::Sessions(views) => Some(views),
                    _ => None,
                },
                Ok(Err(_)) | Err(_) => None,
            };
            (owner, told)
        });
        let mut views = Vec::new();
        for (owner, told) in futures::future::join_all(asked).await {
            let kept = || known.iter().filter(|(other, _)| *other == owner).map(|(_, view)| view.clone()).collect();
            views.extend(told.unwrap_or_else(kept));
        }
        Ok(views)
    }
}

/// Whether a create with this error has left nothing behind, so that its key may be used again on any instance.
pub(super) fn leaves_nothing(error: &Error) -> bool {
    error.reason() != Some(UNREACHABLE) || error.outcome() == RunOutcome::NotExecuted
}

/// Whether the request reached no instance: the instance is gone, whatever the ledger says.
fn is_undelivered(error: &Error) -> bool {
    error.reason() == Some(UNREACHABLE) && error.outcome() == RunOutcome::NotExecuted
}

fn unreachable(unanswered: Unanswered) -> Error {
    let message = match unanswered {
        Unanswered::Undelivered => "the server that has this session cannot be reached",
        Unanswered::Gone => "the server that has this session left while the request was under way",
        Unanswered::Silent => {
            "the server that has this session did not answer in time; the request does not begin any more"
        }
    };
    Error::new(ErrorCode::Unavailable, message)
        .with_reason(UNREACHABLE)
        .with_retry_after(Duration::from_secs(2))
        .with_hint("ask again in a moment: either the server answers, or within 15 s the session is ended and billed")
}

pub(super) fn unexpected() -> Error {
    Error::internal("another instance answered something else")
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        account::{Account, Accounts, SecretHash},
        browser::simulated::Simulated,
        cluster::{Cluster, MemoryHub},
        engine::Engine,
        ledger::{
            Ledger,
            redis::{RedisLedger, fake::FakeRedis},
        },
        limits::Limits,
    };

    async fn instance(redis: &Arc<FakeRedis>, hub: &MemoryHub, max_sessions: usize) -> Cluster {
        let me = InstanceId::new();
        let ledger = Arc::new(RedisLedger::new(Arc::clone(redis) as Arc<_>, me.clone()));
        let limits = Limits { max_sessions, ..Limits::default() };
        let engine = Engine::builder().limits(limits).backend(Simulated::default()).ledger(Arc::clone(&ledger));
        Cluster::join(engine.build().await.unwrap(), ledger, Arc::new(hub.bus(me)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_opened_at_who_lives_although_the_ledger_still_know_who_died() {
        let (redis, hub) = (FakeRedis::new(), MemoryHub::default());
        let (gateway, owner) = (instance(&redis, &hub, 0).await, instance(&redis, &hub, 5).await);
        for _ in 0..5 {
            // The session is in the ledger, but its owner receives no messages.
            RedisLedger::new(Arc::clone(&redis) as Arc<_>, InstanceId::new()).recover().await.unwrap();
        }
        let ann: UserId = "ann".parse().unwrap();
        gateway.ledger().add(Account::new(ann.clone(), SecretHash::of("s"))).await.unwrap();
        let options = SessionOptions::with_ttl(Duration::from_secs(60));
        let created = gateway.create(Caller::user(ann), options, None).await.unwrap();
        assert!(owner.shared.engine.holds(created.session.id));
    }
}
