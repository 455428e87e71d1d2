//! Implements [`Ledger`]: each change of a session is one script.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};

use super::{
    Answer, LOST, RedisLedger, Script, arguments, malformed,
    own::{Own, Stage},
    record::{Record, usage_text},
    run,
    store::script,
};
use crate::{
    account::UserId,
    clock::Timestamp,
    ledger::{
        ExtendError, HeartbeatResponse, Ledger, LedgerError, Purpose, Reservation, ReserveError, UsageUpdate, rules,
    },
    session::{Lifecycle, SessionId, SessionView},
};

const RESERVE: Script = script!("reserve a session", "reserve");
const RELEASE: Script = script!("release a reservation", "release");
const ACTIVATE: Script = script!("activate a session", "activate");
const CHARGE: Script = script!("charge a render", "charge");
const EXTEND: Script = script!("extend a session", "extend");
const SETTLE: Script = script!("settle a session", "settle");
const PRUNE: Script = script!("forget old sessions", "prune");

/// How long a reservation is kept if nothing more is heard of it: longer than any launch takes, or any render.
const RESERVED: Duration = Duration::from_secs(30);
const RESERVED_FOR_RENDER: Duration = Duration::from_secs(180);

impl RedisLedger {
    pub(super) async fn release_now(&self, id: SessionId) -> Result<(), LedgerError> {
        let unwanted = matches!(self.own.lock().get(&id), Some(Own { stage: Stage::Unwanted, .. }));
        run(&*self.store, RELEASE, arguments![id, u8::from(unwanted)]).await?;
        if unwanted {
            self.own.lock().remove(&id);
        }
        Ok(())
    }

    /// Returns `None` when the ledger does not know the session.
    pub(super) async fn settle_now(&self, last: &SessionView) -> Result<Option<SessionView>, LedgerError> {
        let (Some(reason), Some(ended), Some(billed)) = (last.close_reason, last.closed_at, last.billed_credits) else {
            return Err(LedgerError::new(SETTLE.what, "it has not ended"));
        };
        let text = serde_json::to_string(last).map_err(|error| LedgerError::new(SETTLE.what, error))?;
        let dataset = self.known().dataset;
        let arguments = arguments![last.id, reason.as_str(), last.started_at.0, ended.0, billed, text, dataset];
        let told = run(&*self.store, SETTLE, arguments).await?;
        match told.first().and_then(Answer::text) {
            Some("unknown") => return Ok(None),
            Some("render") => return Err(LedgerError::new(SETTLE.what, "it is a render")),
            Some("settling") => {
                // The session may have been settled, if first the answer and then the data was lost.
                let settled = self.settled.lock().find(last.id);
                return settled.map(Some).ok_or_else(|| LedgerError::new(SETTLE.what, LOST));
            }
            _ => {}
        }
        let settled = Record::read(last.id, &told).and_then(|record| record.view).ok_or_else(|| malformed(SETTLE))?;
        let was_own = self.own.lock().remove(&last.id).is_some();
        if was_own {
            self.settled.lock().remember(settled.clone());
        }
        Ok(Some(settled))
    }
    /// Leaves settling to the heartbeats, which continue after the session itself has given up.
    fn keep_unsettled(&self, last: SessionView) {
        if let Some(own) = self.own.lock().get_mut(&last.id)
            && let Stage::Active(life) = &own.stage
        {
            own.stage = Stage::Unsettled(life.clone(), last);
        }
    }
}

impl Ledger for RedisLedger {
    fn reserve(&self, asked: Reservation) -> BoxFuture<'_, Result<(), ReserveError>> {
        async move {
            let options =
                serde_json::to_string(&asked.options).map_err(|error| LedgerError::new(RESERVE.what, error))?;
            let known = self.known();
            let keep = match asked.purpose {
                Purpose::Session => RESERVED,
                Purpose::Render => RESERVED_FOR_RENDER,
            };
            let arguments = arguments![
                asked.user,
                asked.id,
                self.me,
                asked.hold,
                asked.limit,
                options,
                asked.created_at.0,
                known.dataset,
                known.life,
                asked.purpose.as_str(),
                keep.as_millis()
            ];
            let own = Own { user: asked.user.clone(), hold: asked.hold, most: asked.limit, stage: Stage::Unwanted };
            let told = match run(&*self.store, RESERVE, arguments).await {
                Ok(told) => told,
                Err(error) => {
                    // The reservation may exist, in which case a heartbeat releases it.
                    self.own.lock().entry(asked.id).or_insert(own);
                    return Err(error.into());
                }
            };
            refusal(&told, &asked).unwrap_or_else(|| Err(malformed(RESERVE).into()))?;
            if let Err(error) = self.read_account(&asked.user).await {
                tracing::debug!(%error, user.id = %asked.user, "a user cannot be remembered");
            }
            self.own.lock().entry(asked.id).or_insert(Own { stage: Stage::Reserved, ..own });
            Ok(())
        }
        .boxed()
    }

    fn release(&self, id: SessionId) -> BoxFuture<'_, Result<(), LedgerError>> {
        async move {
            if let Some(own) = self.own.lock().get_mut(&id)
                && matches!(own.stage, Stage::Reserved)
            {
                own.stage = Stage::Unwanted; // remains set even if this attempt fails
            }
            self.release_now(id).await
        }
        .boxed()
    }

    fn charge(&self, id: SessionId, credits: u64) -> BoxFuture<'_, Result<bool, LedgerError>> {
        async move {
            let told = run(&*self.store, CHARGE, arguments![id, credits]).await?;
            let told = told.first().and_then(Answer::text);
            if !matches!(told, Some("ok" | "charged" | "gone")) {
                return Err(malformed(CHARGE));
            }
            let was_own = self.own.lock().remove(&id).is_some();
            // 'charged' is told if the answer to the call that charged it was lost.
            Ok(told == Some("ok") || (told == Some("charged") && was_own))
        }
        .boxed()
    }

    fn activate(&self, view: SessionView) -> BoxFuture<'_, Result<(), LedgerError>> {
        async move {
            let life = Lifecycle::restore(&view);
            let usage = usage_text(&life.usage);
            let arguments = arguments![view.id, view.started_at.0, view.expires_at.0, usage];
            let told = run(&*self.store, ACTIVATE, arguments).await?;
            match told.first().and_then(Answer::text) {
                Some("ok") => {}
                Some("unknown") => return Err(rules::unknown(ACTIVATE.what)),
                Some("final") => return Err(LedgerError::new(ACTIVATE.what, "it has ended")),
                Some("render") => return Err(LedgerError::new(ACTIVATE.what, "it is a render")),
                _ => return Err(malformed(ACTIVATE)),
            }
            if let Some(own) = self.own.lock().get_mut(&view.id)
                && matches!(own.stage, Stage::Reserved)
            {
                own.stage = Stage::Active(life);
            }
            Ok(())
        }
        .boxed()
    }

    fn heartbeat(
        &self,
        now: Timestamp,
        changed: Vec<UsageUpdate>,
    ) -> BoxFuture<'_, Result<HeartbeatResponse, LedgerError>> {
        self.heartbeat_once(now, changed).boxed()
    }

    fn extend(&self, id: SessionId, expires_at: Timestamp, hold: u64) -> BoxFuture<'_, Result<(), ExtendError>> {
        async move {
            let told = run(&*self.store, EXTEND, arguments![id, expires_at.0, hold]).await?;
            match told.as_slice() {
                [ok] if ok.text() == Some("ok") => {}
                [inactive] if inactive.text() == Some("inactive") => return Err(ExtendError::Inactive),
                [_credits, needed, available] => {
                    let (needed, available) = needed.count().zip(available.count()).ok_or_else(|| malformed(EXTEND))?;
                    return Err(ExtendError::Credits { needed, available });
                }
                _ => return Err(malformed(EXTEND).into()),
            }
            if let Some(Own { hold: held, stage: Stage::Active(life), .. }) = self.own.lock().get_mut(&id) {
                *held = hold;
                life.renew(expires_at);
            }
            Ok(())
        }
        .boxed()
    }

    fn settle(&self, last: SessionView) -> BoxFuture<'_, Result<SessionView, LedgerError>> {
        async move {
            let settled = self.settle_now(&last).await;
            match settled.and_then(|settled| settled.ok_or_else(|| rules::unknown(SETTLE.what))) {
                Ok(settled) => Ok(settled),
                Err(error) => {
                    self.keep_unsettled(last);
                    Err(error)
                }
            }
        }
        .boxed()
    }

    fn recover(&self) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        // Sessions of other processes are settled by instances that have a lease, which this new one has not.
        async move {
            self.own.lock().clear();
            self.join().await.map(|()| Vec::new())
        }
        .boxed()
    }

    fn find(
        &self,
        user: &UserId,
        id: SessionId,
        not_before: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SessionView>, LedgerError>> {
        let user = user.clone();
        async move {
            let found = self.locate(&user, id).await?.map(|found| found.view);
            Ok(found.filter(|view| view.closed_at.is_none_or(|closed_at| closed_at >= not_before)))
        }
        .boxed()
    }

    fn list(&self, user: &UserId) -> BoxFuture<'_, Result<Vec<SessionView>, LedgerError>> {
        let user = user.clone();
        async move { Ok(self.locate_all(&user).await?.into_iter().map(|(_, view)| view).collect()) }.boxed()
    }

    fn prune(&self, before: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        async move {
            loop {
                let told = run(&*self.store, PRUNE, arguments![before.0]).await?;
                if told.first().and_then(Answer::whole).unwrap_or(0) == 0 {
                    return Ok(());
                }
            }
        }
        .boxed()
    }

    fn lease(&self) -> Option<Duration> {
        Some(self.lease.allows_actions)
    }
}

/// The result of `reserve`; `None` if the answer is malformed.
fn refusal(told: &[Answer], asked: &Reservation) -> Option<Result<(), ReserveError>> {
    let at = |index: usize| told.get(index);
    Some(Err(match at(0)?.text()? {
        "ok" => return Some(Ok(())),
        "taken" => LedgerError::new(RESERVE.what, "its id is taken").into(),
        "settling" => LedgerError::new(RESERVE.what, LOST).into(),
        "unknown" => ReserveError::UnknownUser,
        "disabled" => ReserveError::Disabled,
        "credits" => ReserveError::Credits { needed: asked.hold, available: at(1)?.count()? },
        "limit" => ReserveError::Limit {
            active: u32::try_from(at(1)?.count()?).ok()?,
            max: u32::try_from(at(2)?.count()?).ok()?,
            first_expires_at: at(3)?.whole().map(Timestamp),
        },
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        account::{Account, Accounts, SecretHash},
        ledger::redis::{InstanceId, fake::FakeRedis},
        session::SessionOptions,
    };

    #[tokio::test]
    async fn a_charge_whose_answer_was_lost_is_repeated_without_a_second_bill() {
        let redis = FakeRedis::new();
        let ledger = RedisLedger::new(Arc::clone(&redis) as Arc<_>, InstanceId::new());
        ledger.recover().await.unwrap();
        let ann: UserId = "ann".parse().unwrap();
        ledger.add(Account::new(ann.clone(), SecretHash::of("ann"))).await.unwrap();
        let reservation = Reservation {
            id: SessionId::new(),
            user: ann,
            purpose: Purpose::Render,
            options: SessionOptions::with_ttl(Duration::from_secs(60)),
            created_at: Timestamp(0),
            hold: 1,
            limit: 3,
        };
        let id = reservation.id;
        ledger.reserve(reservation).await.unwrap();
        let lost = arguments![id, 1_u64];
        redis.run_now(CHARGE, &lost).unwrap();
        assert!(ledger.charge(id, 1).await.unwrap(), "the repeated call is told of the charge");
        assert!(!ledger.charge(id, 1).await.unwrap(), "the render is not its own any more");
        assert_eq!(redis.bills().len(), 1);
        redis.advance(Duration::from_secs(31));
        let later = redis.run_now(CHARGE, &lost).unwrap();
        assert_eq!(later.list().unwrap().first().and_then(Answer::text), Some("gone"));
    }
}
