//! Why a command did not do what was asked: what the terminal shows and the exit code says.

use std::process::ExitCode;

use capture_core::{account::AccountError, browser::BrowserError, ledger::LedgerError};

use crate::{config::ConfigError, data_dir::DataDirError};

/// Exit code of a command line or setting that cannot be used, as clap has it.
const USAGE: u8 = 2;

/// What a command failed for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What was asked for cannot be done in this way.
    #[error("{0}")]
    Usage(String),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A user's account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The browser.
    #[error("the browser does not start (`capture doctor` tells more)")]
    Browser(#[from] BrowserError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] capture_core::Error),
    /// A session that is not to be forwarded, or not any more.
    #[error("{0}")]
    Forward(String),
    /// Something of the operating system.
    #[error("cannot {what}")]
    Io {
        /// What was tried, as it reads after "cannot".
        what: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Failure {
    /// Something of the operating system; `what` reads after "cannot".
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }

    /// What the process answers with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Usage(_) => ExitCode::from(USAGE),
            _ => ExitCode::FAILURE,
        }
    }
}
