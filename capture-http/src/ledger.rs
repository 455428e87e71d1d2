//! The storage of sessions, users and credits: in memory, in a file, or in the Redis of a cluster.

use std::sync::Arc;

use capture_core::{
    EngineBuilder,
    account::{Account, AccountError, Accounts, KeyFingerprints, Secret, UserId},
    cluster::RedisLink,
    ledger::{
        MemoryLedger, SqliteLedger,
        redis::{InstanceId, RedisLedger},
    },
};

use crate::{
    config::{Config, Redis},
    data_dir::{DataDir, Lock},
    failure::Failure,
};

/// User and secret of `--dev`. They are public, which is why such a server listens on loopback only.
pub(crate) const DEV: &str = "dev";

/// The ledgers of a server.
pub(crate) enum Ledgers {
    /// In memory; lost when the process ends.
    Memory(Arc<MemoryLedger>),
    /// In a file, for a single server.
    File(Arc<SqliteLedger>, Lock),
    /// In Redis, shared by the instances of a cluster.
    Shared(Arc<RedisLedger>, Arc<RedisLink>),
}

impl Ledgers {
    /// Opens the ledgers that a server is configured for.
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        if let Some(redis) = &config.redis {
            let (ledger, link) = shared(redis)?;
            if config.dev {
                add_dev(&*ledger).await?;
            }
            return Ok(Self::Shared(ledger, link));
        }
        if config.dev {
            let ledger = MemoryLedger::new();
            add_dev(&ledger).await?;
            return Ok(Self::Memory(Arc::new(ledger)));
        }
        let dir = DataDir::create(&config.data_dir)?;
        let lock = dir.lock()?;
        Ok(Self::File(Arc::new(SqliteLedger::open(&dir.ledger())?), lock))
    }

    /// The fingerprints of the server key that the ledger belongs to.
    pub(crate) fn fingerprints(&self) -> &dyn KeyFingerprints {
        match self {
            Self::Memory(ledger) => &**ledger,
            Self::File(ledger, _) => &**ledger,
            Self::Shared(ledger, _) => &**ledger,
        }
    }

    /// Gives the engine this ledger, and returns the accounts.
    pub(crate) fn for_engine(&self, builder: EngineBuilder) -> (EngineBuilder, Arc<dyn Accounts>) {
        match self {
            Self::Memory(ledger) => (builder.ledger(Arc::clone(ledger)), Arc::clone(ledger) as _),
            Self::File(ledger, _) => (builder.ledger(Arc::clone(ledger)), Arc::clone(ledger) as _),
            Self::Shared(ledger, _) => (builder.ledger(Arc::clone(ledger)), Arc::clone(ledger) as _),
        }
    }
}

/// What commands need of a ledger: the users, and which server key their secrets are derived from.
pub(crate) trait Users: Accounts + KeyFingerprints {}

impl<T: Accounts + KeyFingerprints> Users for T {}

/// The users of the configured servers, for a command; `create` creates the file if it is missing.
pub(crate) fn users(config: &Config, create: bool) -> Result<Arc<dyn Users>, Failure> {
    if let Some(redis) = &config.redis {
        return Ok(shared(redis)?.0);
    }
    let dir = if create { DataDir::create(&config.data_dir)? } else { DataDir::existing(&config.data_dir)? };
    Ok(Arc::new(SqliteLedger::open(&dir.ledger())?))
}

/// The user of `--dev`.
pub(crate) fn dev_user() -> Result<UserId, Failure> {
    DEV.parse().map_err(|error: capture_core::account::InvalidUserId| Failure::Usage(error.to_string()))
}

async fn add_dev(accounts: &dyn Accounts) -> Result<(), Failure> {
    match accounts.add(Account::new(dev_user()?, Secret::chosen(DEV).hash())).await {
        Ok(()) | Err(AccountError::Exists(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn shared(redis: &Redis) -> Result<(Arc<RedisLedger>, Arc<RedisLink>), Failure> {
    let me = InstanceId::new();
    let link = Arc::new(RedisLink::new(redis.url.as_str(), &redis.prefix, me.clone())?);
    let address = redis.advertise.as_ref().map(ToString::to_string).unwrap_or_default();
    let ledger = RedisLedger::new(Arc::clone(&link) as _, me).advertising(address);
    Ok((Arc::new(ledger), link))
}
