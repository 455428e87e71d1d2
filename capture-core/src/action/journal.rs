//! The console messages and the errors of a page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payload::Payload;
use crate::{clock::Timestamp, error::Error};

/// Number of entries returned if no limit is given (contract).
const DEFAULT_LIMIT: u32 = 100;
/// Number of entries kept of each kind. Older ones are dropped and counted.
pub const KEPT_ENTRIES: usize = 1_000;

/// How serious a console message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ConsoleLevel {
    Log,
    Debug,
    Info,
    Warning,
    Error,
}

/// The `console` action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Console {
    /// Maximum number of messages; the newest are returned.
    pub limit: u32,
    /// Only messages of this level.
    pub level: Option<ConsoleLevel>,
    /// Whether to forget all messages afterwards.
    pub clear: bool,
}

impl Console {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let levels = [
            ("log", ConsoleLevel::Log),
            ("debug", ConsoleLevel::Debug),
            ("info", ConsoleLevel::Info),
            ("warning", ConsoleLevel::Warning),
            ("warn", ConsoleLevel::Warning),
            ("error", ConsoleLevel::Error),
        ];
        Ok(Self {
            limit: parse_limit(payload)?,
            level: payload.one_of("level", &levels)?,
            clear: payload.boolean("clear")?.unwrap_or(false),
        })
    }
}

/// The `errors` action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errors {
    /// Maximum number of errors; the newest are returned.
    pub limit: u32,
    /// Whether to forget all errors afterwards.
    pub clear: bool,
}

impl Errors {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self { limit: parse_limit(payload)?, clear: payload.boolean("clear")?.unwrap_or(false) })
    }
}

fn parse_limit(payload: Payload<'_>) -> Result<u32, Error> {
    let most = u32::try_from(KEPT_ENTRIES).unwrap_or(u32::MAX);
    Ok(payload.clamped("limit", 1, most)?.unwrap_or(DEFAULT_LIMIT))
}

/// A message of the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsoleMessage {
    /// How serious.
    pub level: ConsoleLevel,
    /// Its arguments as text.
    pub text: String,
    /// When.
    pub timestamp: Timestamp,
    /// The script it came from, where known.
    pub url: String,
    /// Its line, from 1.
    pub line: u64,
}

/// Something that went wrong in the page: an uncaught exception, an unhandled rejection, a document that did not load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageError {
    /// What.
    pub message: String,
    /// The calls that led there, where known.
    pub stack: String,
    /// The script, or the document that did not load.
    pub url: String,
    /// From 1; 0 where there is none.
    pub line: u64,
    /// From 1; 0 where there is none.
    pub column: u64,
    /// When.
    pub timestamp: Timestamp,
}

/// The result of `console`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConsoleResult {
    /// Oldest first.
    pub messages: Vec<ConsoleMessage>,
    /// Messages that fell out since the last `clear`.
    pub dropped: u64,
}

/// The result of `errors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorsResult {
    /// Oldest first.
    pub errors: Vec<PageError>,
    /// Errors that fell out since the last `clear`.
    pub dropped: u64,
}
