//! Converts errors of the protocol into errors of pages, so that no [`CdpError`] leaves the Chromium backend.
//!
//! This module must not know pages.

use serde_json::Map;

use super::cdp::CdpError;
use crate::{
    browser::{BrowserError, LostReason},
    error::RunOutcome,
};

/// Reason of the error for an action whose answer is too large.
pub(super) const TOO_LARGE: &str = "answer_too_large";

impl From<CdpError> for BrowserError {
    fn from(error: CdpError) -> Self {
        if error.is_page_gone() {
            return Self::Lost(LostReason::PageCrashed);
        }
        match error {
            CdpError::BrowserGone => Self::Lost(LostReason::BrowserExited),
            CdpError::Congested => Self::Lost(LostReason::BrowserHangs),
            CdpError::TooLarge { bytes, .. } => Self::Failed {
                message: format!("the browser's answer of {} MB is too large", bytes / 1_000_000),
                reason: Some(TOO_LARGE.to_owned()),
                details: Map::new(),
                outcome: RunOutcome::Unknown,
            },
            CdpError::PageGone | CdpError::Refused { .. } | CdpError::Decode { .. } => {
                Self::Protocol(error.to_string())
            }
        }
    }
}
