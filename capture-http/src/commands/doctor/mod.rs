//! `capture doctor`: checks whether this machine can serve, and prints one line per finding, with how to mend what is
//! wrong.

mod browser;
mod fonts;
mod ground;

use std::{fmt, process::ExitCode, time::Duration};

use tokio::process::Command;

use crate::{config::Config, failure::Failure, terminal};

/// How long an external program may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The result of one check.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Fine(String),
    Problem { what: String, mend: String },
}

impl Finding {
    fn problem(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Problem { what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fine(what) => write!(f, "ok       {what}"),
            Self::Problem { what, mend } => write!(f, "PROBLEM  {what} -> {mend}"),
        }
    }
}

/// Runs all checks. The exit code is a failure if one of them found a problem.
pub(crate) async fn examine(config: &Config) -> Result<ExitCode, Failure> {
    let mut problems = 0;
    let mut tell = |finding: Finding| {
        problems += usize::from(matches!(finding, Finding::Problem { .. }));
        terminal::say(finding);
    };
    tell(browser::found(config).await);
    tell(browser::starts(config).await);
    if let Some(second) = browser::second(config).await {
        tell(second);
    }
    tell(ground::sandbox());
    tell(fonts::cjk().await);
    tell(fonts::emoji().await);
    if !config.dev {
        tell(ground::data_dir(config));
    }
    tell(ground::port(config).await);
    Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The output of a program on stdout.
async fn ask(command: &mut Command) -> std::io::Result<String> {
    let output = tokio::time::timeout(ANSWER_TIMEOUT, command.kill_on_drop(true).output()).await;
    let output = output.map_err(|_elapsed| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    if !output.status.success() {
        return Err(std::io::Error::other(format!("it ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
