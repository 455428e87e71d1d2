//! The document as text.

use serde::{Deserialize, Serialize};

/// The rendered document in three forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderedContent {
    /// The document as HTML, with its head and its doctype.
    pub html: String,
    /// What people read, as lines of text.
    pub text_content: String,
    /// What people read, as Markdown.
    pub markdown: String,
    /// Whether a form was cut at its bound.
    pub truncated: bool,
}
