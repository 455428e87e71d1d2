//! Which instances there are, and which of them has a session.

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
const UNCLAIM: Script = script!("give a claim back", "unclaim");
/// Keys of creates a user may have claimed; his own oldest go first.
const MAX_CLAIMS_OF_USER: usize = 2_000;
const INSTANCES: Script = script!("list the instances", "instances");
const PART: Script = script!("leave the cluster", "part");

/// Names one running process of a cluster; a restarted one has another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct InstanceId(Arc<str>);

impl InstanceId {
    /// A new name.
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

/// Where a session is, as the ledger knows it.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// Who holds it, or held it.
    pub owner: InstanceId,
    /// As of its owner's last heartbeat, or final.
    pub view: SessionView,
    /// Since when its owner has given no proof of life; `None` where it is not among those who live.
    pub silence: Option<Duration>,
}

impl Whereabouts {
    /// Whether its owner has given proof of life within a lease.
    pub fn owner_alive(&self, lease: LeaseTimes) -> bool {
        self.silence.is_some_and(|silence| silence < lease.lasts)
    }
}

/// A keyed create that looks for the instance that answers it.
#[derive(Debug, Clone)]
pub struct Claim {
    user: UserId,
    key: IdempotencyKey,
    /// Tells it from other requests of the same key.
    by: String,
}

impl Claim {
    /// A new request of this key.
    pub fn new(user: UserId, key: IdempotencyKey) -> Self {
        Self { user, key, by: Uuid::new_v4().simple().to_string() }
    }
}

impl RedisLedger {
    /// Where a session of this user is; `None` when nobody knows it.
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

    /// Which instance answers a create of this key: the first that claimed it, as long as it lives. `to` claims it, or takes it over
    /// from one that has no room.
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

    /// Nothing came of a create: its key may be sent again, to any instance. Unless it was already.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn unclaim(&self, claim: &Claim) -> Result<(), LedgerError> {
        let Claim { user, key, by } = claim;
        run(&*self.store, UNCLAIM, arguments![user, key.as_str(), by]).await.map(drop)
    }

    /// The other instances that live.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn others(&self) -> Result<Vec<InstanceId>, LedgerError> {
        let told = run(&*self.store, INSTANCES, arguments![crate::clock::millis(self.lease.lasts)]).await?;
        let alive = told.iter().filter_map(Answer::text).map(InstanceId::read);
        Ok(alive.filter(|instance| *instance != self.me).collect())
    }

    /// Leaves the cluster, so that nobody waits for this instance's lease; false while it still has sessions.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn part(&self) -> Result<bool, LedgerError> {
        let told = run(&*self.store, PART, arguments![self.me]).await?;
        Ok(told.first().and_then(Answer::text) == Some("ok"))
    }
}
