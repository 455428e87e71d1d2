//! Why a command failed: the message for the terminal and the exit code.

use std::process::ExitCode;

use capture_core::{account::AccountError, browser::BrowserError, cluster::InvalidRedisUrl, ledger::LedgerError};

use crate::{config::ConfigError, data_dir::DataDirError, server_key::KeyError};

/// Exit code for an invalid command line or setting, as in clap.
const USAGE: u8 = 2;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The request cannot be carried out in this way.
    #[error("{0}")]
    Usage(String),
    /// The address of Redis is none.
    #[error(transparent)]
    RedisUrl(#[from] InvalidRedisUrl),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The server key cannot be used.
    #[error(transparent)]
    ServerKey(#[from] KeyError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A user's account cannot be read or changed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The browser does not start.
    #[error("the browser does not start (`capture doctor` tells more)")]
    Browser(#[from] BrowserError),
    /// The engine returned an error.
    #[error(transparent)]
    Engine(#[from] capture_core::Error),
    /// The session cannot be forwarded, or no longer.
    #[error("{0}")]
    Forward(String),
    /// An operation of the operating system failed.
    #[error("cannot {what}")]
    Io {
        /// The operation, in words that follow "cannot".
        what: String,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
}

impl Failure {
    /// Wraps an error of the operating system; `what` follows "cannot" in the message.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Usage(_) | Self::RedisUrl(_) => ExitCode::from(USAGE),
            _ => ExitCode::FAILURE,
        }
    }
}
