//! Errors of commands of the DevTools protocol. They do not leave the Chromium backend.

use std::{borrow::Cow, fmt};

/// `Domain.command`.
pub(crate) type MethodName = Cow<'static, str>;

/// Why a command has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CdpError {
    /// The browser refused the command.
    #[error("{method}: {message} ({code})")]
    Refused { method: MethodName, code: i64, message: String },
    /// The page of the command is gone: it was closed, or its renderer crashed.
    #[error("the page is gone")]
    PageGone,
    /// The pipe is closed, because the browser has exited.
    #[error("the browser is gone")]
    BrowserGone,
    /// The browser does not read its pipe.
    #[error("the browser does not take commands")]
    Congested,
    /// The result is larger than a reply may be.
    #[error("{method}: a result of {bytes} bytes is too large")]
    TooLarge { method: MethodName, bytes: usize },
    /// The result does not have the expected form.
    #[error("{method}: result not understood: {message}")]
    Decode { method: MethodName, message: String },
}

/// Chromium's code for a command to a session that has ended, because its page is gone.
const NO_SESSION: i64 = -32_001;

impl CdpError {
    /// Whether the page of the command is gone. The event that says so may still be on its way.
    pub(crate) fn is_page_gone(&self) -> bool {
        matches!(self, Self::PageGone | Self::Refused { code: NO_SESSION, .. })
    }
}

/// Maximum characters kept of the browser's error text, which may quote the page and is logged.
const SAID: u8 = 200;

/// The beginning of an error text.
pub(crate) fn brief(said: &impl fmt::Display) -> String {
    said.to_string().chars().take(SAID.into()).collect()
}
