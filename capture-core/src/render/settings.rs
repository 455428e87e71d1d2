//! Settings of a page, applied before its document is requested.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::ViewportChange;

/// Settings of a page. The default ones change nothing.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PageSettings {
    /// The size or the device; `None` means 1440 × 900 at scale 1.
    pub viewport: Option<ViewportChange>,
    /// The user agent, at most 512 characters; it takes precedence over the device's.
    pub user_agent: Option<String>,
    /// Whether the page is told that the user prefers dark colours.
    pub dark_mode: bool,
    /// Whether the page is told that the user prefers reduced motion.
    pub reduced_motion: bool,
    /// Answers to requests for a user name and a password, of the first document's origin only.
    pub credentials: Option<Credentials>,
    /// Whether scrollbars are hidden.
    pub hide_scrollbars: bool,
    /// Whether consent dialogues are refused after the document has loaded, within 10 s.
    #[serde(default)]
    pub block_cookie_banners: bool,
    /// Whether requests that the operator's lists name are blocked. Without lists, the result has a warning.
    #[serde(default)]
    pub block_ads: bool,
}

/// A user name and a password for HTTP authentication. The password is never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}
