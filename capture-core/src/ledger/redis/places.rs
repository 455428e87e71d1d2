//! The instances of a cluster, and which of them owns a session.

use std::{fmt, sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    LOST, LeaseTimes, RedisLedger,
    record::Record,
    store::{Answer, Script, arguments, malformed, run, script},
};
use crate::{
    account::UserId,
    ledger_error::LedgerError,
    session::{IdempotencyKey, SessionId, SessionView},
};

const FIND: Script = script!("find a session", "find");
const LIST: Script = script!("list sessions", "list");
const CLAIM: Script = script!("claim a create", "claim");
const UNCLAIM: Script = script!("release a claim", "unclaim");
/// Maximum number of keys for which a user may hold claims. Above it the user's oldest claims are removed.
const MAX_CLAIMS_OF_USER: usize = 2_000;
const INSTANCES: Script = script!("list the instances", "instances");
const PART: Script = script!("leave the cluster", "part");

/// Identifies one running process of a cluster. A restarted process has another id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct InstanceId(Arc<str>);

impl InstanceId {
    /// Generates a new id.
    #[expect(clippy::new_without_default, reason = "a default name would suggest a fixed value")]
    pub fn new() -> Self {
        Self(format!("i_{}", Uuid::new_v4().simple()).into())
    }

    fn read(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a session is, as recorded in the ledger.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// The instance that owns it, or owned it.
    pub owner: InstanceId,
    /// The view as of the owner's last heartbeat, or the final view.
    pub view: SessionView,
    /// Time since the owner's last heartbeat; `None` if the owner is not among the living instances.
    pub silence: Option<Duration>,
}

impl Whereabouts {
    /// Whether the owner has sent a heartbeat within a lease.
    pub fn owner_alive(&self, lease: LeaseTimes) -> bool {
        self.silence.is_some_and(|silence| silence < lease.lasts)
    }
}

/// The claim of a create with an idempotency key. It decides which instance answers the create.
#[derive(Debug, Clone)]
pub struct Claim {
    user: UserId,
    key: IdempotencyKey,
    /// Distinguishes this request from others with the key.
    by: String,
}

impl Claim {
    /// A claim for a new request with this key.
    pub fn new(user: UserId, key: IdempotencyKey) -> Self {
        Self { user, key, by: Uuid::new_v4().simple().to_string() }
    }
}

impl RedisLedger {
    /// Where a session of this user is; `None` if the ledger does not know it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn locate(&self, user: &UserId, id: SessionId) -> Result<Option<Whereabouts>, LedgerError> {
        let told = run(&*self.store, FIND, arguments![id, self.known().dataset]).await?;
        if told.first().and_then(Answer::text) == Some("settling") {
            return Err(LedgerError::new(FIND.what, LOST));
        }
        if told.is_empty() {
            return Ok(None);
        }
        let record = Record::read(id, &told).ok_or_else(|| malformed(FIND))?;
        let silence = told.last().and_then(Answer::whole).ok_or_else(|| malformed(FIND))?;
        let Some(view) = record.view.filter(|_| record.user == *user) else { return Ok(None) };
        let silence = u64::try_from(silence).ok().map(Duration::from_millis);
        Ok(Some(Whereabouts { owner: InstanceId::read(&record.owner), view, silence }))
    }

    /// The user's active sessions on all instances, oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn locate_all(&self, user: &UserId) -> Result<Vec<(InstanceId, SessionView)>, LedgerError> {
        let told = run(&*self.store, LIST, arguments![user]).await?;
        let sessions = told.iter().map(|entry| {
            let (id, record) = entry.list()?.split_first()?;
            let record = Record::read(id.text()?.parse().ok()?, record)?;
            Some((InstanceId::read(&record.owner), record.view?))
        });
        let mut sessions = sessions.collect::<Option<Vec<_>>>().ok_or_else(|| malformed(LIST))?;
        sessions.sort_by_key(|(_, view)| (view.created_at, view.id));
        Ok(sessions)
    }

    /// Claims the key of a create and returns the instance that answers it: the first one that claimed the key, as long
    /// as it lives. `to` claims the key, or takes it over from `from`, which has no room.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn claim(
        &self,
        claim: &Claim,
        to: &InstanceId,
        from: Option<&InstanceId>,
        keep: Duration,
    ) -> Result<InstanceId, LedgerError> {
        let from = from.map(ToString::to_string).unwrap_or_default();
        let Claim { user, key, by } = claim;
        let arguments = arguments![user, key.as_str(), to, keep.as_millis(), from, by, MAX_CLAIMS_OF_USER];
        let told = run(&*self.store, CLAIM, arguments).await?;
        let holder = told.first().and_then(Answer::text).ok_or_else(|| malformed(CLAIM))?;
        Ok(InstanceId::read(holder))
    }

    /// Removes the claim of a refused create, so that the key may be used again on any instance. A claim of a later
    /// request stays.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn unclaim(&self, claim: &Claim) -> Result<(), LedgerError> {
        let Claim { user, key, by } = claim;
        run(&*self.store, UNCLAIM, arguments![user, key.as_str(), by]).await.map(drop)
    }

    /// The ids of the other living instances.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn others(&self) -> Result<Vec<InstanceId>, LedgerError> {
        let told = run(&*self.store, INSTANCES, arguments![crate::clock::millis(self.lease.lasts)]).await?;
        let alive = told.iter().filter_map(Answer::text).map(InstanceId::read);
        Ok(alive.filter(|instance| *instance != self.me).collect())
    }

    /// Leaves the cluster, so that the others need not wait for this instance's lease to end. Returns false while the
    /// instance still has sessions.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn part(&self) -> Result<bool, LedgerError> {
        let told = run(&*self.store, PART, arguments![self.me]).await?;
        Ok(told.first().and_then(Answer::text) == Some("ok"))
    }
}
