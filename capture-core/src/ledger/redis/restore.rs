//! Restores what Redis lost: either all data, or the latest changes, when a replica takes over that has not received
//! them.

use std::collections::HashMap;

use super::{
    RedisLedger,
    accounts::fields,
    own::{Own, Stage},
    record::usage_text,
    store::{Answer, Script, arguments, run, script},
};
use crate::{
    ledger::HeartbeatResponse,
    ledger_error::LedgerError,
    session::{Lifecycle, SessionId},
};

const RESTORE: Script = script!("restore a session", "restore");
const OWNED: Script = script!("list own sessions", "owned");

/// The ledger's response to a session that is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restored {
    Back,
    /// The ledger has settled it.
    Final,
    /// Its user has no place for it.
    Over,
}

impl RedisLedger {
    /// Restores everything. Returns the sessions that others have settled, and those for which their user has no place.
    /// The latter exist if Redis also lost an end: that of a session whose instance was declared dead and could not
    /// learn of it.
    pub(super) async fn bring_back(&self) -> Result<HeartbeatResponse, LedgerError> {
        let mut response = HeartbeatResponse::default();
        for (id, own) in self.everything() {
            let (Stage::Active(life) | Stage::Unsettled(life, _)) = &own.stage else { continue };
            match self.bring_back_one(id, &own, life, Some(own.most)).await? {
                Restored::Back => {}
                Restored::Final => response.lost.push(id),
                Restored::Over => response.refused.push(id),
            }
        }
        Ok(response)
    }

    /// Brings the ledger in line with this instance: sessions missing there are restored, and ends missing there are
    /// written again. Returns the sessions for which their user has no place. With `everyone_tells` there is a place
    /// for every session, because the ledger may miss recent ends of other instances, and no session is created
    /// meanwhile.
    pub(super) async fn reconcile(&self, everyone_tells: bool) -> Result<Vec<SessionId>, LedgerError> {
        let mut refused = Vec::new();
        let own = self.everything();
        let told = run(&*self.store, OWNED, arguments![self.me]).await?;
        let known: HashMap<SessionId, bool> = told
            .chunks_exact(2)
            .filter_map(|pair| Some((pair.first()?.text()?.parse().ok()?, pair.last()?.text()? == "active")))
            .collect();
        for (id, own) in own.iter().filter(|(id, _)| known.get(id) != Some(&true)) {
            let (Stage::Active(life) | Stage::Unsettled(life, _)) = &own.stage else { continue };
            match self.bring_back_one(*id, own, life, (!everyone_tells).then_some(own.most)).await? {
                Restored::Back => {
                    tracing::error!(session.id = %id, "redis had lost a live session of this instance; it is restored");
                }
                Restored::Final => {} // settled at this moment
                Restored::Over => refused.push(*id),
            }
        }
        for id in known.into_keys() {
            let last = if self.own.lock().contains_key(&id) { None } else { self.settled.lock().find(id) };
            if let Some(last) = last {
                tracing::error!(session.id = %id, "redis had lost the end of a session; it is settled again");
                self.settle_now(&last).await?;
            }
        }
        Ok(refused)
    }

    /// Number of sessions the ledger should know, without and with reservations.
    pub(super) fn counts(&self) -> (usize, usize) {
        let own = self.own.lock();
        let active = own.values().filter(|own| matches!(own.stage, Stage::Active(_) | Stage::Unsettled(..)));
        (active.count(), own.len())
    }

    fn everything(&self) -> Vec<(SessionId, Own)> {
        self.own.lock().iter().map(|(id, own)| (*id, own.clone())).collect()
    }

    pub(super) async fn bring_back_one(
        &self,
        id: SessionId,
        own: &Own,
        life: &Lifecycle,
        most: Option<u32>,
    ) -> Result<Restored, LedgerError> {
        let view = life.view();
        let options = serde_json::to_string(&view.options).map_err(|error| LedgerError::new(RESTORE.what, error))?;
        let mut arguments = arguments![
            id,
            own.user,
            self.me,
            own.hold,
            options,
            view.created_at.0,
            view.started_at.0,
            view.expires_at.0,
            usage_text(&life.usage),
            most.map(|most| most.to_string()).unwrap_or_default()
        ];
        arguments.extend(self.last_seen(&own.user).iter().flat_map(fields));
        let told = run(&*self.store, RESTORE, arguments).await?;
        Ok(match told.first().and_then(Answer::text) {
            Some("final") => Restored::Final,
            Some("over") => Restored::Over,
            _ => Restored::Back,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        account::{Account, AccountChange, Accounts, SecretHash, ServerKey},
        billing,
        clock::Timestamp,
        ledger::{
            Ledger, Purpose, Reservation,
            redis::{InstanceId, Known, LOST, LeaseTimes, Script, fake::FakeRedis},
        },
        session::{CloseReason, SessionOptions},
    };

    const START: Timestamp = Timestamp(1_750_000_000_000);

    fn reservation() -> Reservation {
        let options = SessionOptions::with_ttl(Duration::from_secs(600));
        Reservation {
            id: SessionId::new(),
            user: "ann".parse().unwrap(),
            purpose: Purpose::Session,
            options,
            created_at: START,
            hold: billing::hold_for(options.max_ttl()),
            limit: 3,
        }
    }

    async fn reserve(ledger: &RedisLedger) -> Lifecycle {
        let asked = reservation();
        let life = Lifecycle::start(asked.id, asked.options, START, START);
        ledger.reserve(asked).await.unwrap();
        life
    }

    async fn begin(ledger: &RedisLedger) -> Lifecycle {
        let life = reserve(ledger).await;
        ledger.activate(life.view()).await.unwrap();
        life
    }

    async fn ledger_of_ann(redis: &Arc<FakeRedis>) -> RedisLedger {
        let ledger = RedisLedger::new(Arc::clone(redis) as Arc<_>, InstanceId::new());
        ledger.recover().await.unwrap();
        let ann = Account::new("ann".parse().unwrap(), SecretHash::of("s"));
        ledger.add(Account { credits: Some(100), ..ann }).await.unwrap();
        ledger.heartbeat(START, Vec::new()).await.unwrap();
        ledger
    }

    #[tokio::test]
    async fn a_replica_that_only_knows_reservations_learns_what_became_of_them() {
        let redis = FakeRedis::new();
        let ledger = ledger_of_ann(&redis).await;
        let (runs, ending) = (reserve(&ledger).await, reserve(&ledger).await);
        let take_over = redis.replica();
        ledger.activate(runs.view()).await.unwrap();
        ledger.activate(ending.view()).await.unwrap();
        let last = ending.settle(CloseReason::Closed, START.plus(Duration::from_secs(30)));
        ledger.settle(last.clone()).await.unwrap();
        take_over();

        ledger.heartbeat(START, Vec::new()).await.unwrap();
        let state = |id: SessionId| redis.field(&format!("capture:session:{id}"), "state").unwrap();
        assert_eq!((state(runs.view().id).as_str(), state(last.id).as_str()), ("active", "final"));
        assert_eq!(
            (redis.card("capture:slots:ann"), redis.field("capture:user:ann", "held")),
            (1, Some("10".to_owned()))
        );
        assert_eq!(redis.field("capture:user:ann", "credits").as_deref(), Some("99"));
    }

    #[tokio::test]
    async fn what_a_replica_had_not_heard_of_when_it_took_over_is_told_again() {
        let redis = FakeRedis::new();
        let ledger = ledger_of_ann(&redis).await;
        let ending = begin(&ledger).await;
        ledger.heartbeat(START, Vec::new()).await.unwrap();

        let take_over = redis.replica();
        let ended = START.plus(Duration::from_secs(30));
        let last = ending.settle(CloseReason::Closed, ended);
        ledger.settle(last.clone()).await.unwrap();
        let (one, other) = (begin(&ledger).await, begin(&ledger).await);
        take_over();
        let key = |id: SessionId| format!("capture:session:{id}");
        assert!(!redis.is_final(&key(last.id)) && redis.field(&key(one.view().id), "state").is_none());

        ledger.heartbeat(START, Vec::new()).await.unwrap();
        assert!(redis.is_final(&key(last.id)));
        for life in [&one, &other] {
            assert_eq!(redis.field(&key(life.view().id), "state").as_deref(), Some("active"));
        }
        assert_eq!(
            (redis.card("capture:slots:ann"), redis.field("capture:user:ann", "held")),
            (2, Some("20".to_owned()))
        );
        assert_eq!(redis.field("capture:user:ann", "credits").as_deref(), Some("99"));
        let last = one.settle(CloseReason::Closed, ended);
        assert_eq!(ledger.settle(last.clone()).await.unwrap(), last);
        assert_eq!(redis.field("capture:user:ann", "credits").as_deref(), Some("98"));
    }

    #[tokio::test]
    async fn what_derives_secrets_comes_back_beside_an_instance_that_does_not_know_it() {
        const RESTORED_EARLIER: &str = "
            redis.call('SADD', ARGV[1] .. ':users', 'ann')
            redis.call('HSET', ARGV[1] .. ':user:ann', 'enabled', '1', 'secrets', ARGV[2], 'credits', '100', 'held', '0')";
        let redis = FakeRedis::new();
        let ledger = ledger_of_ann(&redis).await;
        let (_, derived) = ServerKey::generate().unwrap().new_secret(&"ann".parse().unwrap()).unwrap();
        ledger.change("ann".parse().unwrap(), AccountChange::AddSecret(derived)).await.unwrap();
        let _life = begin(&ledger).await;
        let field = |name| redis.field("capture:user:ann", name);
        let before = (field("secrets"), field("derived"));
        redis.clear();
        let earlier = Script { what: "restore as an earlier version", code: RESTORED_EARLIER };
        redis.run_now(earlier, &[before.0.clone().unwrap().into_bytes()]).unwrap();
        assert_eq!(field("derived"), None);
        ledger.heartbeat(START, Vec::new()).await.unwrap();
        assert_eq!((field("secrets"), field("derived")), before);
        assert_eq!(field("held").as_deref(), Some("10"));
    }

    #[tokio::test]
    async fn what_a_replica_may_not_have_heard_of_is_not_denied() {
        let redis = FakeRedis::new();
        let (ledger, ann) = (ledger_of_ann(&redis).await, "ann".parse().unwrap());
        let other = RedisLedger::new(Arc::clone(&redis) as Arc<_>, InstanceId::new());
        other.recover().await.unwrap();
        let (reserved, nobody) = (reserve(&ledger).await.view().id, SessionId::new());
        assert!(ledger.locate(&ann, nobody).await.unwrap().is_none());
        assert!(ledger.locate(&ann, reserved).await.unwrap().is_none(), "nobody has been told of it");
        let take_over = redis.replica();
        let begun = begin(&ledger).await.view().id;
        take_over();

        for id in [begun, reserved, nobody] {
            assert_eq!(ledger.locate(&ann, id).await.unwrap_err().source.to_string(), LOST);
        }
        ledger.heartbeat(START, Vec::new()).await.unwrap();
        assert!(ledger.locate(&ann, begun).await.unwrap().is_some(), "its owner has told");
        assert!(ledger.locate(&ann, nobody).await.is_err(), "another has not yet");
        assert!(ledger.reserve(reservation()).await.is_err(), "they cannot be counted yet");
        other.heartbeat(START, Vec::new()).await.unwrap();
        assert!(ledger.locate(&ann, nobody).await.unwrap().is_none());
        reserve(&ledger).await;
    }

    #[tokio::test]
    async fn an_end_that_is_told_right_after_a_loss_is_billed() {
        let redis = FakeRedis::new();
        let ledger = ledger_of_ann(&redis).await;
        let ended = |life: Lifecycle| life.settle(CloseReason::Closed, START.plus(Duration::from_secs(30)));
        let last = ended(begin(&ledger).await);
        redis.clear();
        let others = RedisLedger::new(Arc::clone(&redis) as Arc<_>, InstanceId::new());
        others.recover().await.unwrap();
        // The loss happens between a heartbeat that still found all data and the next one.
        assert!(ledger.settle(last.clone()).await.is_err());
        ledger.settle_the_rest().await;
        ledger.heartbeat(START, Vec::new()).await.unwrap();
        for _again in 0..2 {
            assert_eq!(ledger.settle(last.clone()).await.unwrap(), last);
            redis.clear(); // a later attempt does not know that the answer was missed
        }
        assert_eq!(redis.bills().len(), 1);
    }

    #[tokio::test]
    async fn a_session_that_comes_back_after_a_loss_beyond_its_users_limit_ends_and_is_billed_once() {
        let redis = FakeRedis::new();
        let late = ledger_of_ann(&redis).await;
        let others = RedisLedger::new(Arc::clone(&redis) as Arc<_>, InstanceId::new());
        others.recover().await.unwrap();
        others.heartbeat(START, Vec::new()).await.unwrap();
        // The instance was declared dead while it could not learn of it.
        let forgotten = redis.replica();
        let back = begin(&late).await;
        forgotten();
        others.heartbeat(START, Vec::new()).await.unwrap();
        redis.advance(LeaseTimes::default().lasts); // the reservation's owner is dead by then
        let three = [begin(&others).await, begin(&others).await, begin(&others).await];
        redis.clear();

        assert_eq!(others.heartbeat(START, Vec::new()).await.unwrap(), HeartbeatResponse::default());
        let response = late.heartbeat(START, Vec::new()).await.unwrap();
        assert_eq!((response.refused, response.lost), (vec![back.view().id], Vec::new()));
        assert_eq!(redis.card("capture:slots:ann"), three.len());
        late.pulse.lock().known = Some(Known::default()); // without the answer it would ask again
        assert_eq!(late.heartbeat(START, Vec::new()).await.unwrap().refused, [back.view().id]);
        let last = back.settle(CloseReason::Closed, START.plus(Duration::from_secs(30)));
        for _again in 0..2 {
            assert_eq!(late.settle(last.clone()).await.unwrap(), last);
        }
        assert_eq!(redis.field("capture:user:ann", "credits").as_deref(), Some("99"));
        assert_eq!(redis.field("capture:user:ann", "held").as_deref(), Some("30"));
    }
}
