//! Logs: text or JSON lines on stderr, because stdout belongs to the answers of commands.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging to stderr, at `level` where the settings set none. The level in the settings was validated when it
/// was read.
pub(crate) fn start(log: &Log, level: &str) {
    let filter = EnvFilter::new(log.level.as_deref().unwrap_or(level));
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match log.format {
        LogFormat::Text => events.with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => events.json().flatten_event(true).with_ansi(false).init(),
    }
}
