//! From what the protocol says to what a session understands; no [`CdpError`] leaves this folder.

use super::cdp::CdpError;
use crate::browser::{Fault, LostReason};

impl From<CdpError> for Fault {
    fn from(error: CdpError) -> Self {
        match error {
            CdpError::PageGone => Self::Lost(LostReason::PageCrashed),
            CdpError::BrowserGone => Self::Lost(LostReason::BrowserExited),
            CdpError::Congested => Self::Lost(LostReason::BrowserHangs),
            CdpError::Refused { .. } | CdpError::Decode { .. } => Self::Protocol(error.to_string()),
        }
    }
}
