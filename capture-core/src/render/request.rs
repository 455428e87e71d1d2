//! The request of a render.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Animation, Image, PageSettings, Pdf};
use crate::{action::Selector, limits::NAVIGATION_TIMEOUT};

/// Longest pause before the result is made (public API: 60 s).
pub const MAX_DELAY: Duration = Duration::from_secs(60);
/// Longest time of a render, whatever it asks for.
pub const MAX_RENDER_TIME: Duration = Duration::from_secs(150);
/// How long the document may take to load.
const LOADING: Duration = Duration::from_secs(30);
/// How long refusing a consent dialogue may take.
pub(crate) const CONSENT: Duration = Duration::from_secs(10);
/// How long opening the page and making the result may take beside everything that was asked for.
const WORK: Duration = NAVIGATION_TIMEOUT;

/// What is rendered, how, and into what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderRequest {
    /// The document.
    pub source: RenderSource,
    /// The result that is wanted.
    pub output: RenderOutput,
    /// Settings of the page, applied before the document is requested.
    pub settings: PageSettings,
    /// What to wait for after the document has loaded.
    pub waits: Waits,
    /// Whether the page uses the user's proxy.
    pub proxy: bool,
    /// Whether the page is opened in the operator's second browser. Without one, the result has a warning.
    pub bypass_bot_detection: bool,
}

/// The document of a render.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RenderSource {
    /// The document at this address: http or https.
    Url(Url),
    /// This HTML. Relative addresses in it lead nowhere.
    Html(String),
}

/// The result that is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RenderOutput {
    /// A picture.
    Image(Image),
    /// A PDF document.
    Pdf(Pdf),
    /// The document as HTML, text and Markdown.
    Content,
    /// What the document says about itself.
    Metadata,
    /// An animated GIF.
    Animation(Animation),
}

impl RenderOutput {
    /// The name of the kind, as it appears in paths and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Pdf(_) => "pdf",
            Self::Content => "content",
            Self::Metadata => "metadata",
            Self::Animation(_) => "animated",
        }
    }
}

/// What to wait for after the document has loaded, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waits {
    /// An element that must become visible.
    pub selector: Option<Selector>,
    /// How long the element may take, at most 30 s.
    pub selector_timeout: Duration,
    /// A pause, at most [`MAX_DELAY`].
    pub delay: Duration,
}

impl RenderRequest {
    /// How long the render may take: 30 s for loading, 10 s for a consent dialogue that is to be refused, what it waits
    /// for, what it records, and 15 s; at most
    /// [`MAX_RENDER_TIME`].
    pub fn time_limit(&self) -> Duration {
        let waits = if self.waits.selector.is_some() { self.waits.selector_timeout } else { Duration::ZERO };
        let records = match &self.output {
            RenderOutput::Animation(animation) => animation.duration,
            _ => Duration::ZERO,
        };
        let consent = if self.settings.block_cookie_banners { CONSENT } else { Duration::ZERO };
        (LOADING + consent + waits + self.waits.delay + records + WORK).min(MAX_RENDER_TIME)
    }

    /// How long the document may take to load.
    #[cfg(feature = "render")]
    pub(crate) fn loading_time() -> Duration {
        LOADING
    }
}
