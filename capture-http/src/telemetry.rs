//! Logs: text or JSON lines on stderr, so that stdout belongs to the commands' answers.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Sends events to stderr from now on. The level was checked with the settings.
pub(crate) fn start(log: &Log) {
    let filter = EnvFilter::new(&log.level);
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match log.format {
        LogFormat::Text => events.with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => events.json().flatten_event(true).with_ansi(false).init(),
    }
}
