//! The scripts of renders. Extensions are functions that take tools of the bundle and return further scripts. They are
//! evaluated in a document when they are needed, so that other documents do not have to parse them.

pub(crate) const APPEARANCE: &str = include_str!("appearance.js");
pub(crate) const METADATA: &str = include_str!("metadata.js");
pub(crate) const CONSENT: &str = include_str!("consent.js");

/// The script that refuses consent dialogues, and its rules as JSON: files of autoconsent, unchanged.
pub(crate) const AUTOCONSENT: &str = include_str!("../vendor/autoconsent/autoconsent.playwright.js");
pub(crate) const CONSENT_RULES: &str = include_str!("../vendor/autoconsent/compact-rules.json");
