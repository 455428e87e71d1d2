//! The store in which scripts run, one atomic step at a time, and the values they return.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;

use crate::ledger_error::LedgerError;

/// A script of the ledger. All scripts may be repeated safely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Script {
    /// What the script does, as a verb phrase for errors.
    pub what: &'static str,
    /// Source in Lua 5.1 as Redis runs it. `ARGV[1]` is the prefix of all keys, which the store adds.
    pub code: &'static str,
}

/// A script preceded by the common part of all scripts.
macro_rules! script {
    ($what:literal, $file:literal) => {
        $crate::ledger::redis::store::Script {
            what: $what,
            code: concat!(include_str!("scripts/common.lua"), include_str!(concat!("scripts/", $file, ".lua"))),
        }
    };
}
pub(super) use script;

/// An argument of a script: text or bytes.
pub type Argument = Vec<u8>;

/// The value a script returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// No value.
    Nil,
    /// An integer.
    Whole(i64),
    /// Text or bytes.
    Bytes(Vec<u8>),
    /// A list of values.
    List(Vec<Self>),
}

/// The error for a script that was not run, or for which that is not known.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(Arc<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// An error with this cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

/// Runs scripts atomically on one data set that all instances share.
///
/// # Cancel safety
/// Dropping a returned future leaves it open whether the script ran. All scripts may be repeated.
pub trait Store: Send + Sync + fmt::Debug {
    /// Runs a script within a timeout of the store's own.
    fn run(&self, script: Script, arguments: Vec<Argument>) -> BoxFuture<'_, Result<Answer, StoreError>>;
}

/// The error for an answer of a form that the script never returns.
pub(crate) fn malformed(script: Script) -> LedgerError {
    LedgerError::new(script.what, "a script's answer cannot be read")
}

/// Runs a script and converts failures to errors of the ledger.
pub(crate) async fn run(
    store: &dyn Store,
    script: Script,
    arguments: Vec<Argument>,
) -> Result<Vec<Answer>, LedgerError> {
    match store.run(script, arguments).await.map_err(|error| LedgerError::new(script.what, error))? {
        Answer::List(items) => Ok(items),
        single => Ok(vec![single]),
    }
}

impl Answer {
    /// The value as text; `None` if it is not text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Nil | Self::Whole(_) | Self::List(_) => None,
        }
    }

    /// The value as an integer, which may be written as text.
    pub fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(whole) => Some(*whole),
            Self::Bytes(_) => self.text()?.parse().ok(),
            Self::Nil | Self::List(_) => None,
        }
    }

    /// The value as an integer that is not negative.
    pub(crate) fn count(&self) -> Option<u64> {
        self.whole().and_then(|whole| u64::try_from(whole).ok())
    }

    /// The value as a list.
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Nil | Self::Whole(_) | Self::Bytes(_) => None,
        }
    }
}

/// The text arguments of a script.
macro_rules! arguments {
    ($($argument:expr),* $(,)?) => {
        vec![$(ToString::to_string(&$argument).into_bytes()),*]
    };
}
pub(crate) use arguments;
