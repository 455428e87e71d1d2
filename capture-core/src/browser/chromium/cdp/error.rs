//! Why a command of the DevTools protocol has no result. No such error leaves the folder of Chromium.

use std::{borrow::Cow, fmt};

/// `Domain.command`.
pub(crate) type MethodName = Cow<'static, str>;

/// Why a command has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CdpError {
    /// The browser refused it.
    #[error("{method}: {message} ({code})")]
    Refused { method: MethodName, code: i64, message: String },
    /// The page it was for is gone: closed, or its renderer died.
    #[error("the page is gone")]
    PageGone,
    /// The pipe is closed: the browser has exited.
    #[error("the browser is gone")]
    BrowserGone,
    /// The browser does not read its pipe.
    #[error("the browser does not take commands")]
    Congested,
    /// The result takes more room than a reply may.
    #[error("{method}: a result of {bytes} bytes is too large")]
    TooLarge { method: MethodName, bytes: usize },
    /// The result is not what we expect.
    #[error("{method}: result not understood: {message}")]
    Decode { method: MethodName, message: String },
}

/// Characters kept of what the browser says of an error: it may quote the page, and it ends in our log.
const SAID: u8 = 200;

/// The beginning of what is said of an error.
pub(crate) fn brief(said: &impl fmt::Display) -> String {
    said.to_string().chars().take(SAID.into()).collect()
}
