//! The result of a render.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Metadata, RenderedContent};
use crate::action::PictureFormat;

/// What a page made of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rendering {
    /// The result.
    pub body: RenderBody,
    /// The address at which the document ended up.
    pub url: String,
    /// The HTTP status of the document, where there was one.
    pub page_status: Option<u16>,
    /// Whether the picture was cut at the bounds of pictures.
    pub clamped: bool,
    /// What was asked for and not done, in words for people.
    pub warnings: Vec<String>,
}

/// The body of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RenderBody {
    /// An encoded picture.
    Picture {
        /// The encoding.
        format: PictureFormat,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The encoded picture.
        bytes: Bytes,
    },
    /// A PDF document.
    Pdf(Bytes),
    /// An animated GIF.
    Gif(Bytes),
    /// The document as text.
    Content(RenderedContent),
    /// What the document says about itself.
    Metadata(Box<Metadata>),
}

impl RenderBody {
    /// Bytes that the body takes in memory.
    pub fn weight(&self) -> usize {
        match self {
            Self::Picture { bytes, .. } | Self::Pdf(bytes) | Self::Gif(bytes) => bytes.len(),
            Self::Content(content) => content.html.len() + content.text_content.len() + content.markdown.len(),
            Self::Metadata(_) => 4096,
        }
    }
}

/// A render that was carried out and charged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// What the page made.
    pub rendering: Rendering,
    /// Credits it cost.
    pub billed_credits: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
