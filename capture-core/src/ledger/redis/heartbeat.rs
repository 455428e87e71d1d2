//! The heartbeat of one instance, and what depends on it: detecting what Redis lost, settling what could not be settled
//! before, and declaring other instances dead.

use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Known, RedisLedger,
    own::{Own, Stage},
    record::usage_text,
    store::{Answer, Script, arguments, malformed, run, script},
};
use crate::{
    clock::{Timestamp, millis},
    ledger::{HeartbeatResponse, UsageUpdate},
    ledger_error::LedgerError,
    session::{SessionId, SessionView},
};

const HEARTBEAT: Script = script!("record a heartbeat", "heartbeat");
const CAUGHT_UP: Script = script!("restore data to a new server", "caught_up");
const EXPIRE_DEAD: Script = script!("settle what dead instances left", "expire_dead");

/// The response to a heartbeat.
struct ScriptResponse {
    known: Known,
    redis_ms: i64,
    /// Whether Redis is a new server that this instance has not restored its sessions to yet.
    catching_up: bool,
    /// Number of this instance's active sessions according to the ledger, and the number including reservations.
    counts: (usize, usize),
    disabled: Vec<SessionId>,
}

impl RedisLedger {
    /// The current time of Redis's clock in milliseconds, which all instances share; `None` before the first heartbeat.
    pub fn shared_now(&self) -> Option<i64> {
        let pulse = self.pulse.lock();
        let (at, moment) = pulse.time?;
        Some(at + millis(moment.elapsed()))
    }

    /// Whether the last heartbeat is not older than a lease.
    pub fn is_alive(&self) -> bool {
        self.pulse.lock().last.is_some_and(|last| last.elapsed() < self.lease.lasts)
    }

    /// Sends the first heartbeat.
    pub(super) async fn join(&self) -> Result<(), LedgerError> {
        let told = self.prove(Timestamp(0), &[]).await?;
        self.pulse.lock().known = Some(told.known);
        Ok(())
    }

    pub(super) async fn heartbeat_once(
        &self,
        now: Timestamp,
        changed: Vec<UsageUpdate>,
    ) -> Result<HeartbeatResponse, LedgerError> {
        self.note_usage(&changed);
        let told = self.prove(now, &changed).await?;
        let before = self.pulse.lock().known.clone().unwrap_or_else(|| told.known.clone());
        let mut response = if before.dataset != told.known.dataset {
            tracing::error!("redis has lost its data; this instance restores its sessions");
            self.pulse.lock().healthy_since = Some(Instant::now());
            self.bring_back().await?
        } else if before.life != told.known.life {
            self.pulse.lock().healthy_since = Some(Instant::now());
            HeartbeatResponse { lost: self.fenced(), ..HeartbeatResponse::default() }
        } else {
            HeartbeatResponse { refused: self.tell(&told).await?, ..HeartbeatResponse::default() }
        };
        // This is recorded last, so that anything that failed above is repeated with the next heartbeat.
        self.pulse.lock().known = Some(told.known);
        self.give_back_the_rest().await;
        self.settle_the_rest().await;
        if self.may_judge() {
            self.expire_dead().await?;
        }
        response.refused.extend(told.disabled);
        response.refused.sort_unstable();
        Ok(response)
    }

    /// Restores to the ledger what it misses of this instance. Returns the sessions for which their user has no place.
    async fn tell(&self, told: &ScriptResponse) -> Result<Vec<SessionId>, LedgerError> {
        if !told.catching_up && told.counts == self.counts() {
            return Ok(Vec::new());
        }
        let refused = self.reconcile(told.catching_up).await?;
        if told.catching_up {
            run(&*self.store, CAUGHT_UP, arguments![self.me]).await?;
        }
        Ok(refused)
    }

    async fn prove(&self, now: Timestamp, changed: &[UsageUpdate]) -> Result<ScriptResponse, LedgerError> {
        let sent = Instant::now();
        let known = self.known().dataset;
        let new = Uuid::new_v4().simple();
        let mut arguments = arguments![self.me, now.0, known, new, millis(self.lease.lasts), self.address];
        for update in changed {
            arguments.extend(arguments![update.id, usage_text(&update.usage)]);
        }
        let told = run(&*self.store, HEARTBEAT, arguments).await?;
        let told = read(&told).ok_or_else(|| malformed(HEARTBEAT))?;
        let mut pulse = self.pulse.lock();
        let unbroken = pulse.last.is_some_and(|last| last.elapsed() < self.lease.lasts);
        if !unbroken || pulse.healthy_since.is_none() {
            pulse.healthy_since = Some(sent);
        }
        pulse.last = Some(sent);
        // Redis read its clock between the sending and now. Assuming the middle is wrong by at most half of that time.
        pulse.time = Some((told.redis_ms, sent + sent.elapsed() / 2));
        drop(pulse);
        Ok(told)
    }

    /// Remembers the counters in case Redis loses them.
    fn note_usage(&self, changed: &[UsageUpdate]) {
        let mut own = self.own.lock();
        for update in changed {
            if let Some(Own { stage: Stage::Active(life), .. }) = own.get_mut(&update.id) {
                life.usage = update.usage.clone();
            }
        }
    }

    /// The sessions that others have settled because this instance was silent for too long.
    fn fenced(&self) -> Vec<SessionId> {
        tracing::error!("this instance was silent for too long; its sessions were settled by another");
        let own = self.own.lock();
        own.iter().filter(|(_, own)| matches!(own.stage, Stage::Active(_))).map(|(id, _)| *id).collect()
    }

    /// Releases the reservations that could not be released while Redis was unavailable.
    async fn give_back_the_rest(&self) {
        let unwanted: Vec<SessionId> = {
            let own = self.own.lock();
            own.iter().filter(|(_, own)| matches!(own.stage, Stage::Unwanted)).map(|(id, _)| *id).collect()
        };
        for id in unwanted {
            if let Err(error) = self.release_now(id).await {
                tracing::warn!(session.id = %id, %error, "a reservation is still not released");
            }
        }
    }

    /// Settles the sessions that ended while Redis was unavailable.
    pub(super) async fn settle_the_rest(&self) {
        let unsettled: Vec<SessionView> = {
            let own = self.own.lock();
            let last = |own: &Own| if let Stage::Unsettled(_, last) = &own.stage { Some(last.clone()) } else { None };
            own.values().filter_map(last).collect()
        };
        for last in unsettled {
            match self.settle_now(&last).await {
                Ok(Some(_)) => tracing::info!(session.id = %last.id, "settled late"),
                Ok(None) => {
                    tracing::error!(session.id = %last.id, "the ledger does not know a session that ended here");
                    self.own.lock().remove(&last.id);
                }
                Err(error) => tracing::warn!(session.id = %last.id, %error, "a session is still not settled"),
            }
        }
    }

    /// Whether this instance's own heartbeats have succeeded for a whole lease.
    fn may_judge(&self) -> bool {
        self.pulse.lock().healthy_since.is_some_and(|since| since.elapsed() >= self.lease.lasts)
    }

    /// Settles the sessions of dead instances and returns their ids.
    pub(crate) async fn expire_dead(&self) -> Result<Vec<SessionId>, LedgerError> {
        let told = run(&*self.store, EXPIRE_DEAD, arguments![self.me, millis(self.lease.lasts)]).await?;
        let lost = told.iter().map(|id| id.text()?.parse().ok()).collect::<Option<Vec<SessionId>>>();
        let lost = lost.ok_or_else(|| malformed(EXPIRE_DEAD))?;
        if !lost.is_empty() {
            tracing::warn!(sessions = lost.len(), "sessions of a dead instance were settled at its last heartbeat");
        }
        Ok(lost)
    }
}

fn read(told: &[Answer]) -> Option<ScriptResponse> {
    let [dataset, life, time, catching_up, active, owned, disabled @ ..] = told else { return None };
    Some(ScriptResponse {
        known: Known { dataset: dataset.text()?.to_owned(), life: life.whole()? },
        redis_ms: time.whole()?,
        catching_up: catching_up.whole()? == 1,
        counts: (usize::try_from(active.count()?).ok()?, usize::try_from(owned.count()?).ok()?),
        disabled: disabled.iter().map(|id| id.text()?.parse().ok()).collect::<Option<_>>()?,
    })
}
