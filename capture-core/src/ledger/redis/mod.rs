//! The ledger of a cluster, which many instances share in Redis.
//!
//! Every change is one script, so that concurrent instances agree on one result. Every instance sends heartbeats. An
//! instance without a heartbeat for one lease is declared dead by any other instance, and its sessions are settled at
//! its last heartbeat. An instance whose own heartbeats fail suspends actions before that can happen ([`LeaseTimes`]).
//!
//! What could not be written while Redis was unavailable is written with the next successful heartbeat. When Redis has
//! lost its data, the owners restore their sessions.

mod accounts;
mod connect;
#[cfg(test)]
pub(crate) mod fake;
mod fingerprints;
mod heartbeat;
mod memory;
mod places;
mod record;
mod restore;
mod secrets;
mod store;
mod tickets;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::time::Instant;

pub(crate) use self::store::{arguments, malformed, run};
use self::{
    memory::{Remembered, Settled},
    record::{Record, usage_text},
    store::script,
};
pub use self::{
    places::{Claim, InstanceId, Whereabouts},
    store::{Answer, Argument, Script, Store, StoreError},
};
use super::{ExtendError, HeartbeatResponse, Ledger, LedgerError, Reservation, ReserveError, UsageUpdate, rules};
use crate::{
    account::{ConnectKey, UserId},
    clock::Timestamp,
    session::{Lifecycle, SessionId, SessionView},
};

const RESERVE: Script = script!("reserve a session", "reserve");
const RELEASE: Script = script!("release a reservation", "release");
const ACTIVATE: Script = script!("activate a session", "activate");
const EXTEND: Script = script!("extend a session", "extend");
const SETTLE: Script = script!("settle a session", "settle");
const PRUNE: Script = script!("forget old sessions", "prune");

/// The error while sessions may be missing from Redis, during which no session is reported as not found.
const LOST: &str = "data that Redis lost is being restored";

/// How long an instance counts as alive after its last heartbeat. All instances of a cluster must use equal times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// An instance without a heartbeat for this long is dead for the others.
    pub lasts: Duration,
    /// How long after a heartbeat was sent the instance may begin actions. It is less than `lasts`, so that the
    /// instance has stopped before others declare it dead.
    pub allows_actions: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self { lasts: Duration::from_secs(10), allows_actions: Duration::from_secs(7) }
    }
}

/// The ledger of one instance of a cluster.
pub struct RedisLedger {
    store: Arc<dyn Store>,
    me: InstanceId,
    address: String,
    lease: LeaseTimes,
    own: Mutex<HashMap<SessionId, Own>>,
    settled: Mutex<Settled>,
    remembered: Remembered,
    pulse: Mutex<Pulse>,
    /// The key for tokens of CDP clients, once it was read.
    connect_key: Mutex<Option<ConnectKey>>,
}

/// A session of this instance, with what is needed to restore it or to settle it later.
#[derive(Debug, Clone)]
struct Own {
    user: UserId,
    hold: u64,
    /// Maximum number of active sessions of a user whose account sets none.
    most: u32,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    Reserved,
    /// Released, or not granted as far as this instance knows. The ledger may still have it.
    Unwanted,
    Active(Lifecycle),
    /// Ended, but the ledger could not be told yet.
    Unsettled(Lifecycle, SessionView),
}

/// The data set and the life number of this instance, as far as known. Being declared dead changes the number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    dataset: String,
    life: i64,
}

/// What this instance knows about its own heartbeats.
#[derive(Debug, Default)]
struct Pulse {
    /// Data set and life from the last heartbeat; `None` before the first.
    known: Option<Known>,
    /// Since when every heartbeat has succeeded within a lease of the one before.
    healthy_since: Option<Instant>,
    last: Option<Instant>,
    /// A time of Redis's clock, with the local instant it belongs to.
    time: Option<(i64, Instant)>,
}

impl fmt::Debug for RedisLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLedger").field("me", &self.me).finish_non_exhaustive()
    }
}

impl RedisLedger {
    /// The ledger of the instance `me`.
    pub fn new(store: Arc<dyn Store>, me: InstanceId) -> Self {
        let (own, remembered, pulse) = (Mutex::default(), Remembered::default(), Mutex::default());
        let (settled, connect_key) = (Mutex::default(), Mutex::default());
        Self {
            store,
            me,
            address: String::new(),
            lease: LeaseTimes::default(),
            own,
            settled,
            remembered,
            pulse,
            connect_key,
        }
    }

    /// Sets the address at which other instances reach this one beside the bus.
    #[must_use]
    pub fn advertising(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets other lease times than the default.
    #[must_use]
    pub fn leased(mut self, lease: LeaseTimes) -> Self {
        self.lease = lease;
        self
    }

    /// The lease times.
    pub fn lease_times(&self) -> LeaseTimes {
        self.lease
    }

    /// Id of this instance.
    pub fn instance(&self) -> &InstanceId {
        &self.me
    }

    /// What the last heartbeat reported.
    fn known(&self) -> Known {
        self.pulse.lock().known.clone().unwrap_or_default()
    }

    async fn release_now(&self, id: SessionId) -> Result<(), LedgerError> {
        let unwanted = matches!(self.own.lock().get(&id), Some(Own { stage: Stage::Unwanted, .. }));
        run(&*self.store, RELEASE, arguments![id, u8::from(unwanted)]).await?;
        if unwanted {
            self.own.lock().remove(&id);
        }
        Ok(())
    }

    /// Returns `None` when the ledger does not know the session.
    async fn settle_now(&self, last: &SessionView) -> Result<Option<SessionView>, LedgerError> {
        let (Some(reason), Some(ended), Some(billed)) = (last.close_reason, last.closed_at, last.billed_credits) else {
            return Err(LedgerError::new(SETTLE.what, "it has not ended"));
        };
        let text = serde_json::to_string(last).map_err(|error| LedgerError::new(SETTLE.what, error))?;
        let dataset = self.known().dataset;
        let arguments = arguments![last.id, reason.as_str(), last.started_at.0, ended.0, billed, text, dataset];
        let told = run(&*self.store, SETTLE, arguments).await?;
        match told.first().and_then(Answer::text) {
            Some("unknown") => return Ok(None),
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
}

impl RedisLedger {
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
            let arguments = arguments![
                asked.user,
                asked.id,
                self.me,
                asked.hold,
                asked.default_max_sessions,
                options,
                asked.created_at.0,
                known.dataset,
                known.life
            ];
            let own = Own {
                user: asked.user.clone(),
                hold: asked.hold,
                most: asked.default_max_sessions,
                stage: Stage::Unwanted,
            };
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
