//! What a document says about itself.

use serde::{Deserialize, Serialize};

/// The thirteen fields of the public API. Each is a text or absent; addresses are absolute, the date is ISO 8601, the
/// language has two letters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Metadata {
    pub author: Option<String>,
    pub audio: Option<String>,
    pub date: Option<String>,
    pub description: Option<String>,
    pub feed: Option<String>,
    pub iframe: Option<String>,
    pub image: Option<String>,
    pub lang: Option<String>,
    pub logo: Option<String>,
    pub publisher: Option<String>,
    pub title: Option<String>,
    pub url: Option<String>,
    pub video: Option<String>,
}
